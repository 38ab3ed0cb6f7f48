# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process ``speaker``: resources and facts in, decisions of the core, the desired state out to ``wire``.

It may stop and start at any time: ``wire`` keeps what it was told. Left out on purpose: sockets to routers, packets.
"""

from __future__ import annotations
