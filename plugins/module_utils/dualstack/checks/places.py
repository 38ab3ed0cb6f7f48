# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the intent things of the plan stand, for the paths of findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..intent.load import Intent, host_path
from ..plan.segments import remote_name
from .rule import Plan

FABRIC = "dualstack.fabric"
Item = TypeVar("Item")


def segments(intent: Intent) -> dict[str, str]:
    """The path of every segment: of a rack, a link, a network behind a router, or a peer."""
    found = {name: f"{FABRIC}.racks.{name}" for name in intent.fabric["racks"]}
    found.update({"--".join(link["between"]): link["at"] for link in intent.fabric["links"]})
    found.update({f"{name}-lan": f"{host_path(name)}.network" for name in intent.routers})
    found.update({remote_name(peer["name"]): peer["at"] for peer in intent.fabric["peers"]})
    return found


def host(intent: Intent, name: str) -> str:
    """The path of a host's facts, or of a peer."""
    if name in intent.routers or name in intent.nodes or name in intent.clients:
        return host_path(name)
    return next((str(peer["at"]) for peer in intent.fabric["peers"] if peer["name"] == name), host_path(name))


def term(intent: Intent, session: Mapping[str, Any], key: str) -> str:
    """The path of what a session's ends agree on: in its peer group when that says it, else in the fabric."""
    return agreed(intent, session["peer_group"], key)


def agreed(intent: Intent, peer_group: str | None, key: str) -> str:
    """The same for a peer group (None: no group); ``timers.hold`` is a key too."""
    value: Any = intent.fabric["peer_groups"].get(peer_group)
    for part in key.split("."):
        value = (value or {}).get(part)
    return f"{FABRIC}.{key}" if value is None else f"{FABRIC}.peer_groups.{peer_group}.{key}"


def advertised(intent: Intent, plan: Plan) -> dict[str, dict[str, Any]]:
    """The entry of the intent behind every advertisement of the plan, by the advertisement's name.

    An entry whose pools select different nodes becomes several advertisements, ``<name>-<pool>``.
    """
    entries: dict[str, dict[str, Any]] = {}
    for entry in intent.advertise:
        name = entry["name"] or entry["pools"][0]
        entries.setdefault(name, entry)
        for pool in entry["pools"]:
            entries.setdefault(f"{name}-{pool}", entry)
    return {advert["name"]: entries[advert["name"]] for advert in plan["advertisements"]}


def standing(plan: Plan) -> dict[str, list[str]]:
    """The segments on which each host stands, in the order of the plan."""
    found: dict[str, list[str]] = {}
    for name, segment in plan["segments"].items():
        for member in segment["members"]:
            found.setdefault(member, []).append(name)
    return found


def gathered(items: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    """Items by path, in order: what stands once in the intent is told once."""
    found: dict[str, list[Item]] = {}
    for path, item in items:
        found.setdefault(path, []).append(item)
    return found


def among(names: Iterable[str], most: int = 3) -> str:
    """Names for a sentence: all, or the first ``most`` and how many more there are."""
    given = list(dict.fromkeys(names))
    if len(given) <= most + 1:
        return ", ".join(given)
    return f"{', '.join(given[:most])} and {len(given) - most} more"
