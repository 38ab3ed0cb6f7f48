# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process ``wire``: keeps the sockets, knows packets and the desired state, decides nothing.

``engine`` holds the state and the sessions; the folders have the sockets of one protocol each and the hand-over to
another process; ``link_server`` takes the state from ``speaker``; ``journal_file`` saves it. When ``speaker`` goes
away, everything stays as it is (fail static).
"""

from __future__ import annotations
