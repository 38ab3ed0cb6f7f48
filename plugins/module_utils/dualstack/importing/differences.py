# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of an import: what the plan renders, held against what was imported, field by field.

Two specs are the same when they ask for the same: pools count as selected today; the order of pools, peers, communities
and interfaces does not count; a community is the same under its name and its number; FRR's defaults are the same stated
or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..addresses.blocks import family_of
from ..findings import HINT, WARNING, Finding
from ..render import resources
from ..render.resources.announcing import COMMUNITY
from ..render.resources.serving import services
from ..resources import write
from ..resources.wishes import ServiceWish
from ..resources.write import Object
from .announcing import selected_pools
from .source import Source, Specs, specs_of

_UNORDERED = ("ipAddressPools", "peers", "communities", "interfaces")
_PROFILE = {"receiveInterval": 300, "transmitInterval": 300, "detectMultiplier": 3}  # FRR bfdd
_EMPTY: tuple[Any, ...] = (None, [], {})
_NOTHING = "Nothing is to be done."


def told(source: Source, plan: Mapping[str, Any]) -> list[Finding]:
    """Every difference: a hint where the plan states what holds anyway, else a warning."""
    return list(_told(source, plan))


def _told(source: Source, plan: Mapping[str, Any]) -> Iterator[Finding]:
    cluster = plan["cluster"]["name"]
    rendered = specs_of(resources.configuration(plan, cluster))
    yield from _communities(source, rendered)
    for kind in dict.fromkeys([*source.specs, *rendered]):
        if kind != "Community":
            yield from _kind(source, kind, rendered)
    for wish in services(plan, cluster, source.case.mode):
        yield from _compared(f"Service {wish.key}", _asked(source.case.wishes[wish.key]), _asked(wish))


def _kind(source: Source, kind: str, rendered: Specs) -> Iterator[Finding]:
    given, made = source.of(kind), rendered.get(kind, {})
    for name in sorted({*given, *made}):
        place = f"{kind} {name}"
        if name not in given:
            yield Finding("rendered-anew", WARNING, place, "", "is rendered and was not imported", "Compare the two.")
        elif name in made:
            before, after = (_normal(source, kind, name, spec[name]) for spec in (given, made))
            yield from _compared(place, _placed(before), _placed(after))
        elif kind == "BFDProfile":
            yield Finding("not-rendered", HINT, place, "", "no session uses it, so it is not rendered", "Remove it.")
        else:
            reason = "it selects nothing today, so nothing of it is in the plan and it is not rendered"
            yield Finding("not-rendered", WARNING, place, "", reason, "Correct what it selects, or remove it.")


def _compared(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Finding]:
    """Differences of one object; everything that only the intent states is told at once."""
    stated = [field for field in after if before.get(field) in _EMPTY and after[field] not in _EMPTY]
    if stated:
        value = ", ".join(f"{field} {_text(after[field])}" for field in stated)
        yield Finding("stated", HINT, place, value, "was not stated; the intent states it", _NOTHING)
    for field in before:
        if before[field] not in _EMPTY and before[field] != after.get(field):
            value = "(hidden)" if field == "spec.password" else _text(before[field])
            changed = f"as {_text(after[field])}" if after.get(field) not in _EMPTY else "without it"
            reason = f"an intent can't say it so: it is rendered {changed}"
            fix = "Accept it, or change the intent."
            yield Finding("rendered-differently", WARNING, f"{place}: {field}", value, reason, fix)


def _placed(spec: Object) -> dict[str, Any]:
    """The fields by their place in the object."""
    return {f"{'metadata' if field == 'annotations' else 'spec'}.{field}": value for field, value in spec.items()}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={each}" for key, each in value.items())
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _normal(source: Source, kind: str, name: str, spec: Object) -> Object:
    """A spec in a form in which equal ones are equal."""
    result = dict(spec)
    if kind in ("BGPAdvertisement", "L2Advertisement"):
        result["ipAddressPools"] = (
            selected_pools(source, kind, name) if spec is source.of(kind)[name] else (spec["ipAddressPools"])
        )
        result.pop("ipAddressPoolSelectors", None)
    for field in _UNORDERED:
        if field in result:
            result[field] = sorted(source.aliases.get(text, text) for text in result[field])
    if kind == "IPAddressPool":
        result["addresses"] = sorted(result["addresses"], key=family_of)
    if kind == "BFDProfile":
        result = {**_PROFILE, **result}
        if not result.get("echoMode"):
            result.pop("echoInterval", None)
    if kind == "BGPPeer":
        result.pop("disableMP", None)  # without effect since MetalLB 0.15, as the rules say
    return result


def _communities(source: Source, rendered: Specs) -> Iterator[Finding]:
    """All names are rendered in one object, as far as an advertisement uses them."""
    made = {entry["name"] for spec in rendered.get("Community", {}).values() for entry in spec["communities"]}
    for name, entry in sorted(source.case.resources.communities.items()):
        names = [alias for alias, _unused in entry.values]
        unused = [alias for alias in names if alias not in made]
        if name != COMMUNITY and len(unused) < len(names):
            reason = f"its names are rendered in the Community {COMMUNITY}"
            fix = "Remove the old object before the new one is applied: MetalLB refuses a name twice."
            yield Finding("community-renamed", HINT, f"Community {name}", "", reason, fix)
        if unused:
            reason = "no advertisement uses these names: the intent keeps them, and they are not rendered"
            yield Finding("community-unused", HINT, f"Community {name}", ", ".join(unused), reason, _NOTHING)


def _asked(wish: ServiceWish) -> dict[str, Any]:
    """What a Service asks for, each wish by its name."""
    spec = write.service(wish)["spec"]
    result: dict[str, Any] = {
        "address-pool": sorted(wish.pool.split(",")) if wish.pool else None,
        "loadBalancerIPs": sorted(wish.addresses),
        "allow-shared-ip": wish.sharing_key,
        "labels": dict(wish.labels),
        "annotations": dict(wish.annotations),
    }
    for key in ("externalTrafficPolicy", "ipFamilyPolicy", "ipFamilies", "selector"):
        result[f"spec.{key}"] = spec.get(key)
    for number, port in enumerate(spec.get("ports", [])):
        for key in ("name", "port", "protocol", "targetPort"):
            result[f"spec.ports[{number}].{key}"] = port.get(key)
    return result
