# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a prefix travels from its announcers through the fabric: which router holds it with which next hops.

The model of the decision process is RFC 4271 section 9.1 as far as this fabric uses it: highest local preference,
shortest AS path, eBGP before iBGP; all paths equal in these are used together (over different neighbour ASNs too).
A router refuses its own ASN (section 9.1.2) and does not pass iBGP routes to iBGP peers (section 9.2.1); it sets itself
as next hop towards iBGP peers. Own prefixes are not accepted from above. Left out: MED, IGP cost, weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

DEFAULT_PREFERENCE = 100


class Path(NamedTuple):
    """A path as the receiver holds it. ``set_preference``: whether a policy set the preference on its way."""

    next_hop: str
    as_path: tuple[int, ...]
    preference: int
    set_preference: bool
    internal: bool

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Lower is better."""
        return -self.preference, len(self.as_path), self.internal


class Neighbour(NamedTuple):
    """One direction of a session: what ``sender`` tells ``receiver`` and with which next hop."""

    sender: str
    receiver: str
    sender_asn: int
    receiver_asn: int
    next_hop: str
    from_below: bool
    from_above: bool


def neighbours(sessions: Sequence[Mapping[str, Any]], segments: Mapping[str, Any], family: str) -> list[Neighbour]:
    """Both directions of every session that carries ``family``."""
    result = []
    for session in sessions:
        if family not in session["families"]:
            continue
        members = segments[session["segment"]]["members"]
        for sender, receiver in (session["ends"], session["ends"][::-1]):
            result.append(
                Neighbour(
                    sender["host"],
                    receiver["host"],
                    sender["asn"],
                    receiver["asn"],
                    members[sender["host"]]["addresses"][family],
                    sender["tier"] < receiver["tier"],
                    sender["tier"] > receiver["tier"],
                )
            )
    return result


def propagate(
    links: Sequence[Neighbour], announcers: Sequence[str], preferences: Mapping[str, int]
) -> dict[str, list[Path]]:
    """The paths that each router uses for a prefix that ``announcers`` originate; routers without one are absent.

    ``preferences``: router -> local preference that it sets on paths from below.
    """
    origins = set(announcers)
    inbound: dict[str, list[Neighbour]] = {}
    for link in links:
        if link.receiver not in origins:
            inbound.setdefault(link.receiver, []).append(link)
    held: dict[str, list[Path]] = {}
    for _round in range(len(inbound) + 2):
        fresh = {
            receiver: _best([path for link in of for path in _learn(link, held, origins, preferences)])
            for receiver, of in inbound.items()
        }
        fresh = {receiver: paths for receiver, paths in fresh.items() if paths}
        if fresh == held:
            break
        held = fresh
    return held


def _learn(
    link: Neighbour, held: Mapping[str, list[Path]], origins: set[str], preferences: Mapping[str, int]
) -> list[Path]:
    internal = link.sender_asn == link.receiver_asn
    if link.sender in origins:
        sent = Path("", (), DEFAULT_PREFERENCE, False, False)
    elif link.sender in held and not link.from_above:
        sent = held[link.sender][0]
    else:
        return []
    as_path = sent.as_path if internal else (link.sender_asn, *sent.as_path)
    if link.receiver_asn in as_path or (internal and sent.internal):
        return []
    if link.from_below and link.receiver in preferences:
        return [Path(link.next_hop, as_path, preferences[link.receiver], True, internal)]
    if internal:
        return [Path(link.next_hop, as_path, sent.preference, sent.set_preference, True)]
    return [Path(link.next_hop, as_path, DEFAULT_PREFERENCE, False, False)]


def _best(paths: list[Path]) -> list[Path]:
    if not paths:
        return []
    rank = min(path.rank for path in paths)
    return sorted(path for path in paths if path.rank == rank)
