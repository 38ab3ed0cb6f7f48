# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack can't do for us, of the matrix. Each is held against the stack too: what works in the end must go."""

from __future__ import annotations

from interop.matrix.cases import EXTENDED, RESTART, UNNUMBERED, WATCHED, Case
from interop.peers.shape import Stack

NO_HELPER = "keeps no routes of a neighbour that is away (asserted: they are gone, and come again)"
NOT_OFFERED = (
    "offers RFC 8950 to neighbours with an IPv6 address alone (asserted: IPv6 is carried, and our status says why)"
)
NOT_FOUND = "sends no router advertisements (asserted: our status says that there is none)"
NO_BFD = "has no BFD (asserted: BGP comes up all the same, our BFD stays down)"


def why_not(stack: type[Stack], case: Case) -> str:
    """Why a session can't be as it should; empty when it can."""
    if case.tried == UNNUMBERED and stack.name not in ("FRR", "BIRD"):
        return NOT_FOUND
    if case.refused:
        return ""  # there must be no session, whatever it would carry
    if case.tried == WATCHED and stack.bfd is Stack.bfd:
        return NO_BFD
    if case.tried == RESTART and stack.name == "ExaBGP":
        return NO_HELPER
    if case.tried == EXTENDED and case.transport == "ipv4" and stack.name == "FRR":
        return NOT_OFFERED
    return ""


def established(stack: type[Stack], case: Case) -> bool:
    """Whether there is to be a session."""
    return not case.refused and why_not(stack, case) != NOT_FOUND
