# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the router on a link without being told its address (RFC 4861 sections 4.1, 4.2, 6; RFC 7559).

``search.Search`` is one interface: it solicits, takes the router whose advertisements arrive, and advertises us, so
that routers which look for their neighbours the same way find this host. We are nobody's default router: what we send
has a lifetime of 0 and no prefixes. Protocol objects without I/O.

Left out on purpose: what hosts configure from advertisements (default routes, prefixes, MTU: the kernel's), secure
neighbour discovery (RFC 3971).
"""

from __future__ import annotations
