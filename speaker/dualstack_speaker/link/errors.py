# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a message that is refused as a whole."""

from __future__ import annotations


class LinkError(ValueError):
    """Names the place in the message, what is wrong there and what is expected."""
