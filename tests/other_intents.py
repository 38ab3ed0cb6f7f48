# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other intents: a good one in which one thing that the operator wrote is something else, or is left to its default.

Whether the other intent is good too says the planner; one that it refuses proves nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dualstack.addresses import blocks
from dualstack.addresses.blocks import BITS, Block

Intent = tuple[dict[str, Any], dict[str, dict[str, Any]]]
Keys = tuple[Any, ...]

CHOICES: dict[str, tuple[str, ...]] = {
    "take": ("all", "first-half", "second-half"),
    "policy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
    "traffic_policy": ("Cluster", "Local"),
    "sessions": ("per-family", "over-ipv4", "over-ipv6"),
    "load_balancer": ("speaker", "metallb-native", "metallb-frr", "metallb-frr-k8s"),
    "platform": ("frr", "bird", "eos", "other"),
    "operator": ("In", "NotIn", "Exists", "DoesNotExist"),
    "dynamic_asn": ("external", "internal"),
    "protocol": ("TCP", "UDP", "SCTP"),
    "families": ("ipv4", "ipv6"),
    "run_by": ("kubeadm", "systemd"),
    "version": ("1.31.9", "1.36.3"),
    "plugin": ("bridge", "calico", "cilium", "flannel", "other"),
    "mode": ("nftables", "iptables", "ipvs", "none"),
    "encapsulation": ("vxlan", "none"),
    "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
}
NAMES = {"name", "pool", "pools", "ipv4", "ipv6", "cluster", "peers"}  # keys under which names of the intent stand


class Other(NamedTuple):
    """An intent, and the paths of what is other in it, as findings write them."""

    paths: tuple[str, ...]
    what: str
    intent: Intent


class Leaf(NamedTuple):
    path: str
    keys: Keys
    value: Any

    @property
    def key(self) -> str:
        """The key of the intent under which it stands, itself or as an entry of a list."""
        return next(key for key in reversed(self.keys) if isinstance(key, str))


def leaves(intent: Intent) -> list[Leaf]:
    """Every scalar that the intent states."""
    data, hosts = intent
    found = list(_walk(data, "dualstack", (0,)))
    for group, members in hosts.items():
        for host, facts in members.items():
            found += _walk(facts, f"{host}: dualstack_host", (1, group, host))
    return found


def _walk(value: Any, path: str, keys: Keys) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _walk(child, f"{path}.{key}", (*keys, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _walk(child, f"{path}[{index}]", (*keys, index))
    elif value is not None:
        yield Leaf(path, keys, value)


def others(intent: Intent) -> Iterator[tuple[Leaf, Iterator[Other]]]:
    """For each leaf the intents in which it, alone or with what belongs to it, is other."""
    stated = leaves(intent)
    for leaf in stated:
        yield leaf, _others(intent, stated, leaf)


def _others(intent: Intent, stated: Sequence[Leaf], leaf: Leaf) -> Iterator[Other]:
    for value in dict.fromkeys(_values(intent, stated, leaf)):
        if value != leaf.value:
            yield Other((leaf.path,), f"{leaf.value!r} -> {value!r}", _changed(intent, [leaf.keys], value))
    beside = [each for each in stated if each.keys[:-1] == leaf.keys[:-1]]
    if leaf is beside[-1] and len(beside) > 1 and isinstance(leaf.keys[-1], int):
        yield Other((leaf.path,), "entry left out", _without(intent, leaf.keys))
    if isinstance(leaf.keys[-1], str):
        yield Other((leaf.path,), "left out", _without(intent, leaf.keys))
    elif leaf.keys[-1] == 0:
        paths = tuple(each.path for each in beside)
        yield Other(paths, "list left out", _without(intent, leaf.keys[:-1]))
        yield Other(
            paths, "list turned round", _changed(intent, [leaf.keys[:-1]], [each.value for each in beside][::-1])
        )
    if leaf.key in NAMES and isinstance(leaf.value, str):
        named = [each for each in stated if each.value == leaf.value and each.key in NAMES]
        renamed = _changed(intent, [each.keys for each in named], f"{leaf.value}-renamed")
        yield Other(tuple(each.path for each in named), f"{leaf.value!r} renamed", renamed)


def _place(changed: Any, keys: Keys) -> Any:
    for key in keys:
        changed = changed[key]
    return changed


def _changed(intent: Intent, places: Sequence[Keys], value: Any) -> Intent:
    changed = copy.deepcopy(list(intent))
    for keys in places:
        _place(changed, keys[:-1])[keys[-1]] = value
    return changed[0], changed[1]


def _without(intent: Intent, keys: Keys) -> Intent:
    changed = copy.deepcopy(list(intent))
    holder = _place(changed, keys[:-1])
    del holder[keys[-1]]
    return changed[0], changed[1]


def _values(intent: Intent, stated: Sequence[Leaf], leaf: Leaf) -> Iterator[Any]:
    """Values that might stand in place of a leaf as well."""
    value = leaf.value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2, value // 2)
    elif leaf.key in CHOICES:
        yield from CHOICES[leaf.key]
    else:
        block = _block(value)
        if block is not None:
            yield from (text for text in _addresses(block, value) if text)
        else:
            yield from _texts(intent, stated, leaf)


def _texts(intent: Intent, stated: Sequence[Leaf], leaf: Leaf) -> Iterator[str]:
    """What stands under the same key elsewhere, the names of all that is defined, and something new."""
    data, hosts = intent
    same = [each.value for each in stated if each.key == leaf.key and isinstance(each.value, str)]
    yield from sorted({*same, *data.get("communities", {})} if leaf.key == "communities" else set(same))
    if leaf.key in ("routers", "links", "between", "behind"):
        yield from hosts["routers"]
    elif leaf.key == "nodes":
        yield from hosts["nodes"]
    elif leaf.key in ("rack", "peer_group", "bfd"):
        fabric = data["fabric"]
        known: dict[str, Any] = {"rack": fabric.get("racks", {}), "peer_group": fabric.get("peer_groups", {})}
        yield from known.get(leaf.key, data.get("bfd_profiles", {}))
    elif leaf.key in ("pool", "pools"):
        yield from (each["name"] for key in ("pools", "pairs") for each in data.get(key, []))
    elif "communities" in leaf.keys:
        yield "64999:9"
    elif leaf.key == "cluster":
        yield data["cluster"]["name"]
    else:
        yield f"{leaf.value}x"


def _block(text: str) -> Block | None:
    try:
        return blocks.parse(text)
    except blocks.AddressError:
        return None


def _addresses(block: Block, text: str) -> Iterator[str | None]:
    """Blocks near this one, written as it is."""
    family, first, last = block
    if "/" in text:
        wide = first - first % (2 * block.size)
        yield _written(text, family, first + block.size, last + block.size)
        yield _written(text, family, first + 5 * block.size, last + 5 * block.size)
        yield _written(text, family, first, first + block.size // 2 - 1)
        yield _written(text, family, wide, wide + 2 * block.size - 1)
    elif "-" in text:
        yield _written(text, family, first + 1, last)
        yield _written(text, family, first, last - 1)
    else:
        yield from (_written(text, family, first + step, last + step) for step in (1, 7, 50, -1))


def _written(text: str, family: str, first: int, last: int) -> str | None:
    if not 0 <= first <= last < 1 << BITS[family]:
        return None
    block = Block(family, first, last)
    if "-" in text:
        return blocks.range_text(block)
    return str(block) if "/" in text else blocks.address_text(family, first)
