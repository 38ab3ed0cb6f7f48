# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants of an intent: each differs from a good one in a single place, the way a hand slips or a copy goes wrong.

Paths are written as findings write them; ``owners`` are the names of what the changed place belongs to.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Steps = tuple[Any, ...]


class Mutant(NamedTuple):
    """A good intent with one change."""

    path: str
    kind: str
    before: Any
    after: Any
    data: dict[str, Any]
    hosts: dict[str, dict[str, Any]]
    owners: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.before!r} -> {self.after!r}"


def of(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> Iterator[Mutant]:
    """All mutants of an intent, in the order of its places."""
    asns = sorted({value for _steps, value in _leaves({"data": data, "hosts": hosts}) if _is_asn(value)})
    for steps, value in places({"data": data, "hosts": hosts}):
        owners = tuple(_owners({"data": data, "hosts": hosts}, steps))
        for kind, after in _changes(steps, value, asns):
            changed = copy.deepcopy({"data": data, "hosts": hosts})
            _apply(changed, steps, kind, after)
            place = (*steps[:-1], after) if kind == MISSPELT_KEY else steps
            yield Mutant(_path(place), kind, value, after, changed["data"], changed["hosts"], owners)


def _owners(root: Any, steps: Steps) -> Iterator[str]:
    for step in steps:
        root = root[step]
        if isinstance(root, dict) and isinstance(root.get("name"), str):
            yield root["name"]


DROP = "dropped"
MISSPELT_KEY = "key misspelt"


def _apply(root: Any, steps: Steps, kind: str, after: Any) -> None:
    holder = root
    for step in steps[:-1]:
        holder = holder[step]
    if kind == DROP:
        del holder[steps[-1]]
    elif kind == MISSPELT_KEY:
        holder[after] = holder.pop(steps[-1])
    elif kind == "repeated":
        holder.insert(steps[-1], copy.deepcopy(holder[steps[-1]]))
    elif kind == "swapped with the next":
        holder[steps[-1]], holder[steps[-1] + 1] = holder[steps[-1] + 1], holder[steps[-1]]
    else:
        holder[steps[-1]] = after


def _changes(steps: Steps, value: Any, asns: list[int]) -> Iterator[tuple[str, Any]]:
    if len(steps) > 3 or (steps[0] == "data" and len(steps) > 2):
        yield DROP, None
    if isinstance(steps[-1], str) and len(steps) > 1 and not (steps[0] == "hosts" and len(steps) == 2):
        yield MISSPELT_KEY, _misspelt(steps[-1])
    if isinstance(steps[-1], int):
        yield "repeated", None
    if isinstance(value, list) and len(value) > 1 and len(steps) > 1:
        yield "emptied", []
    if isinstance(value, bool):
        yield "flipped", not value
        yield "written as text", "maybe"
    elif isinstance(value, int):
        yield "off by one", value + 1
        yield "zero", 0
        yield "negative", -value
        yield "written as text", str(value)
        if _is_asn(value):
            for other in asns:
                if other != value:
                    yield "another's ASN", other
                    break
    elif isinstance(value, str):
        yield from _texts(value)
    elif isinstance(value, (dict, list)):
        yield "written as text", "text"


def _texts(value: str) -> Iterator[tuple[str, Any]]:
    for parse in (_network, _address, _range):
        found = parse(value)
        if found:
            yield from found
            return
    yield "misspelt", _misspelt(value)
    if re.fullmatch(r"(large:)?[\d:]+", value):
        yield "number left out", value.rpartition(":")[0]
    yield "a number instead", 7


def _network(value: str) -> list[tuple[str, Any]]:
    try:
        net = ipaddress.ip_network(value)
    except ValueError:
        return []
    if "/" not in value:
        return []
    text, _slash, length = value.partition("/")
    wider = net.supernet() if net.prefixlen else net
    longer = next(net.subnets(1)) if net.prefixlen < net.max_prefixlen else net
    return [
        ("prefix shorter by one", str(wider)),
        ("prefix longer by one", str(longer)),
        ("host bit set", f"{net.network_address + 1}/{length}"),
        ("next network", str(_shifted(net, 1))),
        ("other family", "fd99:9::/64" if net.version == 4 else "10.99.0.0/24"),
        ("length left out", text),
        ("digit misspelt", value.replace(text[-1], "x", 1) if text[-1] != ":" else f"{text}g/{length}"),
    ]


def _shifted(net: Any, by: int) -> Any:
    return type(net)((int(net.network_address) + by * net.num_addresses, net.prefixlen))


def _address(value: str) -> list[tuple[str, Any]]:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return []
    far = 1 << 16 if address.version == 4 else 1 << 80
    return [
        ("next address", str(address + 1)),
        ("another network", str(address + far)),
        ("other family", "fd99::7" if address.version == 4 else "10.99.0.7"),
        ("digit too many", f"{value}999" if address.version == 4 else f"{value}12345"),
    ]


def _range(value: str) -> list[tuple[str, Any]]:
    first, dash, last = value.partition("-")
    try:
        one, two = ipaddress.ip_address(first), ipaddress.ip_address(last)
    except ValueError:
        return []
    return [
        ("turned round", f"{last}{dash}{first}"),
        ("end off by one", f"{one}-{two + 1}"),
        ("begin off by one", f"{one - 1}-{two}"),
        ("mixed families", f"{one}-{'fd99::7' if two.version == 4 else '10.99.0.7'}"),
        ("end left out", f"{one}-"),
    ]


def _misspelt(text: str) -> str:
    return text[:-1] + ("x" if text[-1] != "x" else "y") if len(text) > 1 else text + "x"


def _is_asn(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 60000


def places(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every place of an intent below the roots ``data`` and ``hosts``, with what stands there."""
    if steps and steps not in (("data",), ("hosts",)):
        yield steps, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield from places(item, (*steps, key))


def at(root: Any, steps: Steps) -> Any:
    """What stands at a place."""
    for step in steps:
        root = root[step]
    return root


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    for _steps, item in places(value):
        if isinstance(item, str):
            yield item


def put(root: Any, steps: Steps, value: Any) -> None:
    """Replace what stands at a place. Raises KeyError, IndexError or TypeError when there is no such place."""
    holder = at(root, steps[:-1])
    holder[steps[-1]]
    holder[steps[-1]] = value


def _leaves(value: Any) -> Iterator[tuple[Steps, Any]]:
    return ((steps, item) for steps, item in places(value) if not isinstance(item, (dict, list)))


def _path(steps: Steps) -> str:
    if steps[0] == "hosts":
        if len(steps) < 3:
            return f"hosts.{steps[1]}"
        head, rest = f"{steps[2]}: dualstack_host", steps[3:]
    else:
        head, rest = "dualstack", steps[1:]
    return head + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
