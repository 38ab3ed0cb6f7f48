# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Communities: their form, and what routers do with those that have a meaning everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME
from ..announcing.propagation import neighbours, propagate
from ..findings import ERROR, HINT, WARNING
from ..intent.load import Intent
from ..intent.well_known import WELL_KNOWN, numbers
from .places import advertised, among
from .rule import Plan, Problem, rule

NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED = (
    WELL_KNOWN[name] for name in ("no-export", "no-advertise", "no-export-subconfed")
)
STOPPING = {
    NO_EXPORT: "no-export (RFC 1997): the first router keeps the prefix in its AS",
    NO_EXPORT_SUBCONFED: "no-export-subconfed (RFC 1997): the first router keeps the prefix in its AS",
    NO_ADVERTISE: "no-advertise (RFC 1997): the first router tells nobody",
}
SPECIAL = {
    "65535:0": "graceful-shutdown (RFC 8326): routers give the prefix the lowest preference",
    "65535:6": "llgr-stale (RFC 9494): routers use the prefix only when there is no other",
    "65535:666": "blackhole (RFC 7999): routers drop the traffic to the prefix",
}
KNOWN = set(WELL_KNOWN.values())
MOST = 63
LARGE = "large:"


class Use(NamedTuple):
    """A community of the intent: where it stands and its value."""

    path: str
    value: str

    @property
    def numbers(self) -> list[int]:
        """Its two or three numbers."""
        return [int(part) for part in self.value[len(LARGE) if self.large else 0 :].split(":")]

    @property
    def large(self) -> bool:
        """Whether it is a large community (RFC 8092)."""
        return self.value.startswith(LARGE)


@rule("community-range", ERROR)
def in_range(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The numbers of a community fit their fields: 16 bits each, of a large one 32.

    Source: RFC 1997, RFC 8092 section 3; MetalLB refuses others.
    """
    del plan
    for use in _uses(intent):
        bits = 32 if use.large else 16
        if max(use.numbers) >= 1 << bits:
            fix = f"Use numbers up to {(1 << bits) - 1}" + (
                "." if use.large else ', or a large community: "large:A:B:C".'
            )
            yield Problem(use.path, use.value, f"{max(use.numbers)} does not fit into {bits} bits", fix)


@rule("community-reserved", WARNING)
def special(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No community has a meaning of its own that harms the prefix, or none that anybody knows.

    Source: RFC 1997 (0:x and 65535:x are reserved), RFC 7999, RFC 8326, RFC 9494.
    """
    del plan
    for use in _uses(intent):
        if use.value in SPECIAL:
            yield Problem(use.path, use.value, f"is {SPECIAL[use.value]}", "Remove it from what is announced for good.")
        elif not use.large and use.numbers[0] in (0, 65535) and use.value not in KNOWN:
            fix = "Begin it with an ASN of yours."
            yield Problem(use.path, use.value, f"{use.numbers[0]}:… is reserved and means nothing", fix)


@rule("community-stops", ERROR)
def stopping(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No community keeps a prefix from a router that should hold it.

    Source: RFC 1997, section Well-known Communities.
    """
    entries = advertised(intent, plan)
    for advert in plan["advertisements"]:
        for value in STOPPING:
            if advert["kind"] != "bgp" or value not in advert["communities"]:
                continue
            lost = [
                f"{router} ({FAMILY_NAME[family]})"
                for family, route in plan["routes"].get(advert["name"], {}).items()
                for router in _lost(plan, advert, family, route, value)
            ]
            if lost:
                reason = f"is {STOPPING[value]}, so these never get the prefixes: {among(lost)}"
                yield Problem(f"{entries[advert['name']]['at']}.bgp.communities", value, reason, "Remove it.")


@rule("community-clash", ERROR)
def clash(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No community of the intent is one by which routers know a local preference.

    Source: routers match `<node ASN>:<number>`, 100 and up, on every prefix of the pools (see local_preference).
    """
    ours = {
        preference["community"]: advert["name"]
        for advert in plan["advertisements"]
        if advert["kind"] == "bgp"
        for preference in advert["preferences"].values()
    }
    for use in _uses(intent):
        if use.value in ours:
            reason = f"marks the prefixes of advertisement {ours[use.value]} for the local preference of routers"
            yield Problem(use.path, use.value, reason, "Choose another number.")


@rule("community-count", ERROR)
def count(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A prefix carries at most 63 communities, those of all advertisements of its pool together.

    Source: MetalLB (`internal/bgp/native`): the attribute with more does not fit its one-octet length.
    """
    entries = advertised(intent, plan)
    pools: dict[str, list[Mapping[str, Any]]] = {}
    for advert in plan["advertisements"]:
        for pool in advert["pools"] if advert["kind"] == "bgp" else ():
            pools.setdefault(pool, []).append(advert)
    for pool, adverts in pools.items():
        found = {value for advert in adverts for value in advert["communities"]}
        for kind, values in (("", [v for v in found if LARGE not in v]), ("large ", [v for v in found if LARGE in v])):
            if len(values) > MOST:
                reason = f"the prefixes of pool {pool} get {len(values)} {kind}communities"
                path = f"{entries[adverts[-1]['name']]['at']}.bgp.communities"
                yield Problem(path, str(len(values)), reason, f"Use at most {MOST}.")


@rule("community-foreign", HINT)
def foreign(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A community begins with the ASN of somebody in the fabric, whose routers act on it.

    Source: RFC 1997 (the first two octets are an ASN), RFC 8092 section 2 (large ones carry 32-bit ASNs).
    """
    asns = {facts["asn"] for group in ("nodes", "routers") for facts in plan[group].values()} - {None, 0}
    for use in _uses(intent):
        if use.numbers[0] in asns or use.value in KNOWN or use.numbers[0] in (0, 65535) or not asns:
            continue
        wide = "" if use.large or any(asn < 1 << 16 for asn in asns) else " (32-bit ASNs need large communities)"
        fix = (
            f"Begin it with one of {', '.join(map(str, sorted(asns)[:4]))}; keep it if a network further on acts on it."
        )
        yield Problem(use.path, use.value, f"{use.numbers[0]} is the ASN of nobody in this fabric{wide}", fix)


RULES = (in_range, special, stopping, clash, count, foreign)


def _uses(intent: Intent) -> Iterator[Use]:
    """Communities as they are written, by name or as numbers."""
    for name, value in intent.communities.items():
        yield Use(f"dualstack.communities.{name}", value)
    for advert in intent.advertise:
        for index, text in enumerate((advert["bgp"] or {}).get("communities") or ()):
            value = numbers(text, intent.communities)
            if text not in intent.communities and ":" in value:
                yield Use(f"{advert['at']}.bgp.communities[{index}]", value)


def _lost(plan: Plan, advert: Mapping[str, Any], family: str, route: Mapping[str, Any], community: str) -> list[str]:
    """The routers that should hold the prefixes and do not when every router minds ``community``."""
    first = set(route["announcers"])
    links = [
        link
        for link in neighbours(plan["sessions"], plan["segments"], family)
        if link.sender in first or (link.internal and community != NO_ADVERTISE)
    ]
    held = propagate(links, route["announcers"], {}, advert["local_preference"], advert["peers"])
    return [router for router in route["routers"] if router not in held]
