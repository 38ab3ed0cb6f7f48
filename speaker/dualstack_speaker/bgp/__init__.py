# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP-4, announce only (RFC 4271 with 4760, 6793, 1997, 4360, 8092, 2918, 7313, 5492, 6286, 4724, 8538, 8326, 8950,
9003, 9687): protocol objects without I/O.

``session.Session`` is one peer. It has one connection or, while two collide, two (connection, collision); each frames
what arrives (framing), decodes what matters (messages, capabilities) and follows the table in fsm, which machine
carries out. UPDATEs are packed on demand (adj_out, attributes). What is said to people: words. Which MUST is shown by
which test: docs/rfc.md.

Left out on purpose: received routes (counted, dropped unread), keeping the routes of a peer that restarts, DelayOpen,
add-path, extended messages.
"""

from __future__ import annotations
