# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and NDP for addresses that stand on no interface: which interface answers, replies, announcements, other owners.

No I/O. Left out on purpose: owning the address (the kernel's way), proxy and anycast advertisements, and the search for
another owner before an address is used (RFC 5227 section 2.1, RFC 4862 section 5.4): it moves between announcers while
clients use it.
"""

from __future__ import annotations
