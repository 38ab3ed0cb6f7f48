# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack can't do for us, of the matrix. Each is held against the stack too: what works in the end must go."""

from __future__ import annotations

from interop.matrix.cases import EXTENDED, KINDS, RESTART, UNNUMBERED, WATCHED, Case
from interop.peers.shape import Stack

NO_HELPER = "keeps no routes of a neighbour that is away (asserted: they are gone, and come again)"
NOT_OFFERED = (
    "offers RFC 8950 to neighbours with an IPv6 address alone (asserted: IPv6 is carried, and our status says why)"
)


def why_not(stack: type[Stack], case: Case) -> str:
    """Why a session can't be as it should; empty when it can."""
    if case.refused:
        return ""  # there must be no session, whatever it would carry
    if stack.name == "ExaBGP" and case.tried == RESTART:
        return NO_HELPER
    if stack.name == "FRR" and case.tried == EXTENDED and case.transport == "ipv4":
        return NOT_OFFERED
    return ""


def watches(stack: type[Stack]) -> bool:
    """Whether a stack has BFD."""
    return stack.bfd is not Stack.bfd


def unnumbered(stack: type[Stack]) -> bool:
    """Whether a stack can be found by its router advertisements."""
    return stack.name in ("FRR", "BIRD")


def absent(stack: type[Stack], tried: str, transport: str, kind: str) -> str:
    """Why there is no session at all for a place in the matrix; empty when there is one."""
    if tried == UNNUMBERED and (transport == "ipv4" or kind not in KINDS[:2]):
        return "–"  # link-local addresses are IPv6, and of one link
    if (tried == UNNUMBERED and not unnumbered(stack)) or (tried == WATCHED and not watches(stack)):
        return "n/a"
    return ""
