# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons: ``wire`` keeps the sockets, ``speaker`` decides. Standard library and the core ``dualstack`` alone."""

from __future__ import annotations
