# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants that are intents of their own, each with the reason why nothing can tell them from what was meant.

An entry matches places by a regular expression and kinds of change by their names (none: every kind). A fact stands in
an intent once: what follows from it follows from the changed one too, and the whole stays consistent.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NUMBERS = ("off by one", "zero", "another's ASN")
NETWORKS = ("prefix shorter by one", "prefix longer by one", "next network", "another network", "next address")
LEFT_OUT = ("dropped", "emptied")


class Legitimate(NamedTuple):
    """Where, which changes, and why."""

    place: str
    kinds: tuple[str, ...]
    reason: str


LEGITIMATE = (
    Legitimate(
        r"hosts\..*|\S+: dualstack_host", (), "another host, or one host less: the inventory decides who exists"
    ),
    Legitimate(
        r".*\basn|.*node_asn",
        (*NUMBERS, "dropped"),
        "both ends of every session follow, and every client is still reached",
    ),
    Legitimate(r".*\.name", ("misspelt",), "another name, which nothing else uses"),
    Legitimate(r".*advertise\[\d+\]\.name", LEFT_OUT, "the default name, as good as the one before"),
    Legitimate(
        r".*services\[\d+\]\.namespace", ("misspelt", "dropped"), "another namespace, as good as the one before"
    ),
    Legitimate(
        r".*services\[\d+\]\.(port|ports\[\d+\]\.\w+)",
        ("off by one", "dropped", "misspelt"),
        "another port, as good as the one before",
    ),
    Legitimate(
        r".*\.(services|pools|links|ports|peers|racks|clients)(\[\d+\]|\.[\w-]+)?",
        LEFT_OUT,
        "one thing less, and no name is left that means it",
    ),
    Legitimate(
        r".*services\[\d+\]\.(addresses|families|policy|labels|selector)(\[\d+\]|\.\w+)?",
        (*LEFT_OUT, "misspelt", "key misspelt", "next address", "swapped"),
        "another Service, as valid",
    ),
    Legitimate(
        r".*(labels|matchLabels)(\.[\w-]+)?", (), "labels are free, and a selector that selects something is as good"
    ),
    Legitimate(r".*\.(node_selectors|service_selectors|preferred_nodes)(\[\d+\].*)?", (), "no selection selects all"),
    Legitimate(r".*(weight|local_preference(\.[\w-]+)?)", (*NUMBERS, *LEFT_OUT), "another order of preference"),
    Legitimate(r".*bgp\.(peers|communities)(\[\d+\])?", LEFT_OUT, "the prefixes go to all, or without the community"),
    Legitimate(r".*cluster\.(name|load_balancer)", ("misspelt", "dropped"), "another name, or the default one"),
    Legitimate(
        r".*(pods|services)\[\d+\]|.*node_cidr_lengths.*", (*NETWORKS, *NUMBERS), "other ranges, which overlap nothing"
    ),
    Legitimate(
        r".*(loopbacks|links_from|network|from|blocks|reserve)\[\d+\]",
        (*NETWORKS, "end off by one", "begin off by one", "length left out", "dropped"),
        "other addresses, which overlap nothing",
    ),
    Legitimate(
        r".*pools\[\d+\]\.(reserve|avoid_buggy_ips|auto_assign)(\[\d+\])?",
        (*LEFT_OUT, "flipped", "repeated"),
        "another choice, as good as the one before",
    ),
    Legitimate(
        r".*service_allocation(\.priority|\.namespaces\[\d+\])?",
        (*LEFT_OUT, *NUMBERS, "misspelt"),
        "namespaces and their order of preference are free",
    ),
    Legitimate(r".*pools\[\d+\]\.(prefix_length\.\w+|size)", NUMBERS, "another size, as good as the one before"),
    Legitimate(
        r".*dualstack_host\.(racks\.[\w-]+|addresses|loopback|network)(\[\d+\])?",
        (*NETWORKS, *LEFT_OUT),
        "another address of the subnet that nobody has, or one family or rack less",
    ),
    Legitimate(
        r".*fabric\.peers\[\d+\]\.addresses\[\d+\]",
        NETWORKS,
        "another address: a router of others is known by nothing else",
    ),
    Legitimate(
        r".*dualstack_host\.(platform|managed|route_reflector)",
        ("dropped", "flipped"),
        "another choice of who configures it",
    ),
    Legitimate(r".*(timers|bfd_profiles).*", (*NUMBERS, "dropped"), "other times, for both ends"),
    Legitimate(
        r".*(password(\.secret)?|authenticated)",
        ("misspelt", "dropped", "flipped"),
        "another secret for both ends; a missing one is told before any host is touched",
    ),
    Legitimate(
        r".*(peer_group|\.bfd|\.sessions|graceful_restart|multihop)",
        ("dropped", "flipped", *NUMBERS),
        "the fabric's own terms, for both ends",
    ),
)


def reason(place: str, kind: str) -> str | None:
    """Why such a change is an intent of its own, or None."""
    for entry in LEGITIMATE:
        if (not entry.kinds or kind in entry.kinds) and re.fullmatch(entry.place, place):
            return entry.reason
    return None
