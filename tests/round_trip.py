# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests → intent → plan → manifests, held against each other without any help of the importer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from manifests import Object

from dualstack.findings import WARNING, has_errors
from dualstack.importing import Imported, intent_of
from dualstack.plan.build import make
from dualstack.render import resources
from dualstack.resources import modes
from dualstack.resources.collection import parse
from dualstack.resources.model import Resources
from dualstack.resources.relations import selects
from dualstack.resources.wishes import ServiceWish, service_wish

LOSSES = {"rendered-differently", "rendered-anew", "not-rendered"}
# What sessions have that state nothing: MetalLB's own code, FRR, this speaker. Hold, keepalive, connect, in seconds.
UNSTATED = {
    modes.NATIVE: (90, None, None),
    modes.FRR: (180, 60, 120),
    modes.FRR_K8S: (180, 60, 120),
    modes.SPEAKER: (90, 30, 5),
}


def asked(objects: Iterable[Object], mode: str) -> dict[str, Any]:
    """The parsed model of the metallb.io kinds in a form in which equal configurations are equal."""
    found, findings = parse(item for item in objects if item["apiVersion"].startswith("metallb.io/"))
    assert not has_errors(findings), [str(finding) for finding in findings]
    aliases = {alias: value for entry in found.communities.values() for alias, value in entry.values}
    return {
        "pools": {  # Services that name two pools make a pair of them
            name: replace(each, blocks=by_family(each.blocks), pair=None) for name, each in found.pools.items()
        },
        "layer2": {
            name: replace(each, **pools_of(found, each), interfaces=tuple(sorted(each.interfaces)))
            for name, each in found.l2_advertisements.items()
        },
        "bgp": {
            name: replace(
                each,
                **pools_of(found, each),
                communities=tuple(sorted(aliases.get(text, text) for text in each.communities)),
                peers=tuple(sorted(each.peers)),
            )
            for name, each in found.bgp_advertisements.items()
        },
        "peers": {name: timed(each, mode) for name, each in found.peers.items()},
        "profiles": profiles(found),
        "communities": used_names(found, aliases),
    }


def by_family(blocks: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(blocks, key=lambda block: block.family))  # stable: the order within a family stays


def pools_of(found: Resources, advert: Any) -> dict[str, Any]:
    names = tuple(sorted(name for name, each in found.pools.items() if selects(advert, each)))
    return {"pools": names, "pool_selectors": ()}


def timed(each: Any, mode: str) -> Any:
    hold, keepalive, connect = UNSTATED[mode]
    if each.hold_time is None and each.keepalive_time is None:
        each = replace(each, hold_time=hold, keepalive_time=keepalive)
    elif each.hold_time is None:
        each = replace(each, hold_time=3 * each.keepalive_time)
    elif each.keepalive_time is None and mode != modes.NATIVE:
        each = replace(each, keepalive_time=each.hold_time // 3)
    if each.connect_time is None:
        each = replace(each, connect_time=connect)
    return replace(each, disable_mp=False, ttl=None if each.ttl == 255 else each.ttl)


def profiles(found: Resources) -> dict[str, Any]:
    used = {each.bfd_profile for each in found.peers.values()}
    return {
        name: replace(
            each,
            receive_interval=each.receive_interval or 300,
            transmit_interval=each.transmit_interval or 300,
            detect_multiplier=each.detect_multiplier or 3,
            echo_interval=(each.echo_interval or 50) if each.echo_mode else None,
        )
        for name, each in found.bfd_profiles.items()
        if name in used
    }


def used_names(found: Resources, aliases: dict[str, str]) -> dict[str, str]:
    return {
        text: aliases[text]
        for each in found.bgp_advertisements.values()
        for text in each.communities
        if text in aliases
    }


def wishes(objects: Iterable[Object]) -> dict[str, ServiceWish]:
    """What Services ask for."""
    findings: list[Any] = []
    found = [service_wish(item, findings.append) for item in objects if item.get("kind") == "Service"]
    assert findings == []
    return {wish.key: wish for wish in found if wish is not None}


def full(wish: ServiceWish) -> ServiceWish:
    """A wish without what MetalLB wrote, in which neither the order of addresses nor the annotations' prefix counts."""
    addresses = tuple(sorted(wish.addresses))
    return replace(wish, addresses=addresses, assigned=(), allocated_from=None, old_annotations=())


def fulfils(made: ServiceWish, wish: ServiceWish) -> bool:
    """Whether ``made`` asks for all that ``wish`` does; what this left open may be stated."""
    stated = {
        field: value for field, value in vars(full(wish)).items() if value not in (None, (), {}) and field != "ports"
    }
    ports = [
        all(value is None or value == getattr(new, key) for key, value in old._asdict().items())
        for old, new in zip(wish.ports, made.ports)
    ]
    found = vars(full(made))
    return all(found[field] == value for field, value in stated.items()) and all(ports)


def round_trip(objects: list[Object], mode: str, flags: Sequence[str] = ()) -> tuple[list[Object], Imported]:
    """What the plan of the imported intent renders, and the import; fails when the intent has no plan."""
    imported = intent_of(objects, mode, component_flags=flags)
    assert not has_errors(imported.findings), [str(finding) for finding in imported.findings]
    plan, findings = make(imported.data, imported.hosts)
    assert plan is not None, [str(finding) for finding in findings]
    return resources.render(plan), imported


def check(objects: list[Object], mode: str, flags: Sequence[str] = ()) -> Imported:
    """The whole promise: the same configuration, Services that ask for all that they did, no loss that is told, and a
    second trip that changes nothing at all."""
    rendered, imported = round_trip(objects, mode, flags)
    assert asked(rendered, mode) == asked(objects, mode)
    before, after = wishes(objects), wishes(rendered)
    assert set(before) == set(after)
    assert [key for key in before if not fulfils(after[key], before[key])] == []
    losses = [finding for finding in imported.findings if finding.id in LOSSES and finding.severity == WARNING]
    assert [str(finding) for finding in losses] == []
    nodes = [item for item in objects if item.get("kind") == "Node"]
    again, _unused = round_trip([*nodes, *(item for item in rendered if item["kind"] != "Node")], mode, flags)
    assert by_key(again) == by_key(rendered)
    return imported


def by_key(objects: Iterable[Object]) -> dict[Any, Object]:
    """Objects by kind and name: Services that state addresses come first, so that the order may change once."""
    return {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in objects}
