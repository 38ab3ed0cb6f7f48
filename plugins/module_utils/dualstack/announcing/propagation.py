# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a prefix travels from its announcers through the fabric: which router holds it with which next hops.

The model of the decision process is RFC 4271 section 9.1 as far as this fabric uses it: highest local preference,
shortest AS path, eBGP before iBGP; all paths equal in these are used together (over different neighbour ASNs too).
A router refuses its own ASN (section 9.1.2) and does not pass iBGP routes to iBGP peers (section 9.2.1), unless it is a
reflector: then clients get everything, and what clients send goes to all (RFC 4456 section 6); ORIGINATOR_ID and
CLUSTER_LIST keep a route from coming back (section 8). Routers set themselves as next hop towards iBGP peers. Own
prefixes are not accepted from above. Left out: MED, IGP cost, weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

DEFAULT_PREFERENCE = 100


class Path(NamedTuple):
    """A path as the receiver holds it. ``set_preference``: whether a policy set the preference on its way.

    ``through``: who has passed it on within the AS; ``from_client``: whether the receiver reflects for who sent it.
    """

    next_hop: str
    as_path: tuple[int | None, ...]
    preference: int
    set_preference: bool
    internal: bool
    through: tuple[str, ...] = ()
    from_client: bool = False

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Lower is better."""
        return -self.preference, len(self.as_path), self.internal


class Neighbour(NamedTuple):
    """One direction of a session: what ``sender`` tells ``receiver`` and with which next hop.

    ``reflector``: the end that treats the other as its client, or None.
    """

    sender: str
    receiver: str
    sender_asn: int | None
    receiver_asn: int | None
    internal: bool
    next_hop: str
    from_below: bool
    from_above: bool
    reflector: str | None


def neighbours(sessions: Sequence[Mapping[str, Any]], segments: Mapping[str, Any], family: str) -> list[Neighbour]:
    """Both directions of every session that carries ``family``."""
    result = []
    for session in sessions:
        if family not in session["families"]:
            continue
        members = segments[session["segment"]]["members"]
        for sender, receiver in (session["ends"], session["ends"][::-1]):
            if session["unnumbered"]:
                next_hop = link_local(receiver["interface"])
            else:
                next_hop = members[sender["host"]]["addresses"].get(family) or sender["address"]
            result.append(
                Neighbour(
                    sender["host"],
                    receiver["host"],
                    sender["asn"],
                    receiver["asn"],
                    session["type"] == "ibgp",
                    next_hop,
                    sender["tier"] < receiver["tier"],
                    sender["tier"] > receiver["tier"],
                    session["reflector"],
                )
            )
    return result


def link_local(interface: str | None) -> str:
    """How a plan writes the link-local next hop of an unnumbered session: by the interface that leads to it."""
    return f"fe80::%{interface}"


def propagate(
    links: Sequence[Neighbour],
    announcers: Sequence[str],
    preferences: Mapping[str, int],
    own_preference: int | None = None,
    to: Sequence[str] | None = None,
) -> dict[str, list[Path]]:
    """The paths that each router uses for a prefix that ``announcers`` originate; routers without one are absent.

    ``preferences``: router -> local preference that it sets on paths from below. ``own_preference``: what the
    announcers send to iBGP peers. ``to``: the only routers to which the announcers send the prefix (None: all).
    """
    origins = set(announcers)
    inbound: dict[str, list[Neighbour]] = {}
    for link in links:
        told = to is None or link.sender not in origins or link.receiver in to
        if link.receiver not in origins and told:
            inbound.setdefault(link.receiver, []).append(link)
    held: dict[str, list[Path]] = {}
    first = Path(
        "", (), DEFAULT_PREFERENCE if own_preference is None else own_preference, own_preference is not None, False
    )
    for _round in range(len(inbound) + 2):
        fresh = {
            receiver: _best([path for link in of for path in _learn(link, held, origins, first, preferences)])
            for receiver, of in inbound.items()
        }
        fresh = {receiver: paths for receiver, paths in fresh.items() if paths}
        if fresh == held:
            break
        held = fresh
    return held


def confidants(router: str, sessions: Sequence[Mapping[str, Any]]) -> set[str]:
    """The routers that hear of the local preferences of ``router``: those that iBGP between routers joins with it."""
    fabric = [session for session in sessions if session["kind"] != "node"]
    return joined(router, [session for session in fabric if session["type"] == "ibgp"])


def joined(host: str, sessions: Sequence[Mapping[str, Any]]) -> set[str]:
    """``host`` and all that these sessions lead to from it."""
    pairs = [{end["host"] for end in session["ends"]} for session in sessions]
    found = {host}
    while True:
        wider = found.union(*(pair for pair in pairs if pair & found))
        if wider == found:
            return found
        found = wider


def _learn(
    link: Neighbour, held: Mapping[str, list[Path]], origins: set[str], first: Path, preferences: Mapping[str, int]
) -> list[Path]:
    if link.sender in origins:
        sent = first
    elif link.sender in held and not link.from_above:
        sent = held[link.sender][0]
    else:
        return []
    through: tuple[str, ...] = ()
    if link.internal:
        through = (*sent.through, link.sender)
        if sent.internal and not (link.reflector == link.sender or sent.from_client):
            return []
        if link.receiver in through:
            return []
    as_path = sent.as_path if link.internal else (link.sender_asn, *sent.as_path)
    if link.receiver_asn in as_path:
        return []
    from_client = link.reflector == link.receiver
    if link.from_below and link.receiver in preferences:
        preference, is_set = preferences[link.receiver], True
    elif link.internal:
        preference, is_set = sent.preference, sent.set_preference
    else:
        preference, is_set = DEFAULT_PREFERENCE, False
    return [Path(link.next_hop, as_path, preference, is_set, link.internal, through, from_client)]


def _best(paths: list[Path]) -> list[Path]:
    if not paths:
        return []
    rank = min(path.rank for path in paths)
    return sorted((path for path in paths if path.rank == rank), key=lambda path: (path.next_hop, path.through))
