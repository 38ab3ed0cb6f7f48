# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node really tells the world of a Service: decided, taken over by ``wire``, and out on the wire. No I/O.

MetalLB's status objects have a list of peers and one of interfaces, without families. Here a peer stands in the list
when it has every prefix of the Service that it is to have, of all families: what is missing is never hidden. An
interface stands there when an address of the Service is answered on it (an empty list means "any" to MetalLB's users).
The annotation has the families: ``{"ipv4":["tor1"],"ipv6":["tor1"]}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dualstack.announcing.announcements import BGP, LAYER2, Announcement

from .ledger import Report

ESTABLISHED, WITHDRAWN = "Established", "withdrawn"
OURS = "-"  # no name of a Node (RFC 1123)
_NO_WIRE: Mapping[str, Any] = {"layer2": {}}


class Live(NamedTuple):
    """What ``wire`` says of itself, as far as it counts here.

    ``carrying``: family → established sessions that carry it; ``pending``: those of them to which prefixes of the
    family are still to be sent. ``layer2``: who answers for an address.
    """

    carrying: Mapping[str, frozenset[str]]
    pending: Mapping[str, frozenset[str]]
    layer2: Mapping[str, Answered]

    def same(self, other: Live | None) -> bool:
        """Whether nothing differs that concerns Services which are told of already; ``pending`` does not."""
        return other is not None and self.carrying == other.carrying and self.layer2 == other.layer2


class Answered(NamedTuple):
    """``owner`` is empty where nobody answers, OURS where ``wire`` knows of no others; ``interfaces`` of this node.

    ``others``: who else claims the address, as ``MAC on INTERFACE``.
    """

    owner: str
    interfaces: tuple[str, ...]
    others: tuple[str, ...] = ()


class Told(NamedTuple):
    """``bgp``, ``layer2``: what the status objects have to say, None: none of this node.

    ``unsure``: something is on its way, so that another look is due. ``dark``: layer-2 addresses that this node, as the
    first of the election, should answer for and nobody does. ``disputed``: those that another host claims too, and who.
    """

    bgp: Report | None
    layer2: Report | None
    unsure: bool
    dark: tuple[str, ...]
    disputed: tuple[str, ...] = ()


_UNKNOWN = Answered(OURS, ())
NOTHING = Told(None, None, False, ())


def live(wire: Mapping[str, Any] | None) -> Live:
    """From the status of ``wire``; of one that does not answer, or is drained, nothing is announced by BGP."""
    carrying: dict[str, set[str]] = {"ipv4": set(), "ipv6": set()}
    pending: dict[str, set[str]] = {"ipv4": set(), "ipv6": set()}
    drained = wire is None or wire.get("drain") == WITHDRAWN
    for name, session in wire["sessions"].items() if wire is not None and not drained else ():
        for family in session["families"] if session["state"] == ESTABLISHED else ():
            carrying[family].add(name)
            if session["announced"][family] != session.get("wanted", session["announced"])[family]:
                pending[family].add(name)
    frozen = [{family: frozenset(names) for family, names in each.items()} for each in (carrying, pending)]
    return Live(frozen[0], frozen[1], {vip: _answered(entry) for vip, entry in (wire or _NO_WIRE)["layer2"].items()})


def told(entries: Sequence[Announcement], node: str, taken_over: bool, seen: Live, before: Report | None) -> Told:
    """What is told of one Service.

    ``taken_over``: whether ``wire`` has acknowledged what was decided; ``before``: the BGP report of the last look,
    which counts for peers to which something is still to be sent.
    """
    own = [entry for entry in entries if not entry.reason]
    by_bgp = [entry for entry in own if entry.mode == BGP]
    by_layer2 = [entry for entry in own if entry.mode == LAYER2]
    bgp, unsure = _bgp(by_bgp, taken_over, seen, before) if by_bgp else (None, False)
    layer2 = _layer2(by_layer2, node, seen) if by_layer2 else None
    dark = tuple(entry.vip for entry in by_layer2 if taken_over and _dark(entry, node, seen))
    return Told(bgp, layer2, unsure or not taken_over, dark, tuple(disputes(seen, [entry.vip for entry in by_layer2])))


def disputes(seen: Live, vips: Iterable[str]) -> Iterator[str]:
    """Each VIP that another host claims too, with its MAC."""
    for vip in vips:
        others = seen.layer2.get(vip, _UNKNOWN).others
        if others:
            yield f"{vip}: also at {', '.join(others)}"


def _bgp(entries: Iterable[Announcement], taken_over: bool, seen: Live, before: Report | None) -> tuple[Report, bool]:
    families: dict[str, set[str]] = {}
    missing: set[str] = set()
    known = json.loads(before.note) if before is not None and before.note else {}
    unsure = False
    for entry in entries:
        family = entry.family
        wanted = {name for _unused, paths in entry.routes for path in paths for name in path["peers"]}
        open_ = wanted & (seen.pending[family] if taken_over else wanted)
        sure = wanted & seen.carrying[family] - open_
        unsure = unsure or bool(open_)
        has = sure | (open_ & seen.carrying[family] & {*known.get(family, ())})
        families.setdefault(family, set()).update(has)
        missing |= wanted - has
    names = set().union(*families.values()) - missing
    return Report(tuple(sorted(names)), _note(families)), unsure


def _layer2(entries: Sequence[Announcement], node: str, seen: Live) -> Report | None:
    """Only the node that answers for the first address writes, so that there is one object per Service."""
    families: dict[str, set[str]] = {}
    for entry in entries:
        answered = seen.layer2.get(entry.vip, _UNKNOWN)
        if answered.owner in (node, OURS):
            families.setdefault(entry.family, set()).update(answered.interfaces)
        elif entry is entries[0]:
            return None
    names = set().union(*families.values())
    return Report(tuple(sorted(names)), _note(families)) if names else None


def _dark(entry: Announcement, node: str, seen: Live) -> bool:
    first = entry.candidates[0][0] if entry.candidates else node
    answered = seen.layer2.get(entry.vip, _UNKNOWN)
    return first == node and answered.owner in ("", node, OURS) and not answered.interfaces


def _answered(entry: Mapping[str, Any]) -> Answered:
    claims = sorted(entry.get("conflicts", {}).items())
    others = tuple(f"{mac} on {name}" for name, found in claims for mac in found["macs"])
    return Answered(str(entry.get("owner", OURS) or ""), tuple(sorted(entry.get("interfaces", ()))), others)


def _note(families: Mapping[str, Iterable[str]]) -> str:
    shown = {family: sorted(names) for family, names in sorted(families.items())}
    return json.dumps(shown, separators=(",", ":"))
