# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator wrote: the paths of an intent and of the hosts' facts, without the values.

A plan keeps them, so that it can say of each of its values where it comes from: by section of the intent, or by hosts,
what is stated below. List indices are those of all entries that look alike; the family stands behind an address.

    dualstack.services: ["[0-3].name", "[0-3].pool", "[0-3].port", "[1].families[0-1]"]
    "node1, node2: dualstack_host": ["racks.rack1[0](ipv4)", "racks.rack1[1](ipv6)"]

Left out on purpose: values (a plan may be shown to anyone), and keys whose value is null, which count as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..addresses.blocks import IPV4, IPV6
from .load import host_path

ANY = "*"
_IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+([-/].*)?")
_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*([-/].*)?")
_TAGGED = re.compile(r"(.*)\((ipv[46])\)", re.DOTALL)
_INDEX = re.compile(r"\[([\d,-]+|\*)\]")
_HOSTS = ", "


def stated(data: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any] | None]) -> dict[str, list[str]]:
    """What is stated in ``data`` (the variable ``dualstack``) and ``hosts`` (as ``load`` takes them)."""
    found = {f"dualstack.{key}": _lines(data[key]) for key in sorted(data, key=str) if data[key] is not None}
    owners: dict[str, list[str]] = {}
    for group in hosts.values():
        for host, facts in (group or {}).items():
            for line in _lines(facts):
                owners.setdefault(line, []).append(str(host))
    for line, names in owners.items():
        found.setdefault(host_path(_HOSTS.join(names)), []).append(line)
    return found


def _lines(value: Any) -> list[str]:
    return [line[1:] if line.startswith(".") else line for line in _below(value)]


def _below(value: Any) -> list[str]:
    """The lines of a value, without its own path."""
    if value is None:
        return []
    if isinstance(value, (str, int, float)):
        return [_family(value)]
    if isinstance(value, Mapping):
        return [f".{key}{line}" for key in sorted(value, key=str) for line in _below(value[key])] or [""]
    if isinstance(value, Sequence):
        indices: dict[str, list[int]] = {}
        for index, item in enumerate(value):
            for line in _below(item):
                indices.setdefault(line, []).append(index)
        return [f"[{ranges(found)}]{line}" for line, found in indices.items()] or [""]
    return [_family(value)]


def _family(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if ":" in value:
        return f"({IPV6})" if _IPV6.fullmatch(value) else ""
    return f"({IPV4})" if "." in value and _IPV4.fullmatch(value) else ""


def ranges(numbers: Sequence[int]) -> str:
    """Rising numbers as ``0-3,5``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


class _Line:
    """A stated path, or the beginning of one: its indices and family; known by host and by the path without indices."""

    __slots__ = ("family", "indices")

    def __init__(self, indices: tuple[tuple[range, ...], ...], family: str | None) -> None:
        self.indices = indices
        self.family = family

    def holds(self, wanted: Sequence[str]) -> bool:
        return all(
            index == ANY or any(int(index) in some for some in stated) for index, stated in zip(wanted, self.indices)
        )


class Stated:
    """Look-ups in what is stated. Paths are written as in findings; ``[*]`` is any entry, ``.*`` any key."""

    def __init__(self, written: Mapping[str, Iterable[str]]) -> None:
        self._lines: dict[tuple[str, str], list[_Line]] = {}
        self._keys: dict[str, None] = {}
        for where, lines in written.items():
            hosts, _colon, section = where.rpartition(": ")
            for line in lines:
                self._add(hosts.split(_HOSTS), section + ("." if line and line[0] not in "[(" else "") + line)

    def _add(self, hosts: Sequence[str], text: str) -> None:
        tagged = _TAGGED.fullmatch(text)
        path, family = (tagged[1], tagged[2]) if tagged else (text, None)
        indices = tuple(tuple(_read(each)) for each in _INDEX.findall(path))
        bare = _INDEX.sub("[]", path)
        for end in _ends(bare):
            begin = bare[:end]
            line = _Line(indices[: begin.count("[]")], family if end == len(bare) else None)
            self._keys[begin] = None
            for host in hosts:
                self._lines.setdefault((host, begin), []).append(line)

    def has(self, path: str) -> bool:
        """Whether the path, or something below it, is stated."""
        return any(True for _unused in self._found(path))

    def of_family(self, path: str, family: str) -> list[str]:
        """The addresses of a family that stand at ``path``: its entries, or itself where it is no list."""
        if any(line.family == family for line in self._found(path)):
            return [path]
        numbers = {
            number
            for line in self._found(f"{path}[*]")
            if line.family == family
            for some in line.indices[-1]
            for number in some
        }
        return [f"{path}[{number}]" for number in sorted(numbers)]

    def count(self, path: str) -> int:
        """How many entries the list at ``path`` has."""
        return 1 + max((some[-1] for line in self._found(f"{path}[*]") for some in line.indices[-1]), default=-1)

    def _found(self, path: str) -> Iterator[_Line]:
        host, _colon, rest = path.rpartition(": dualstack_host")
        rest = f"dualstack_host{rest}" if host else path
        wanted = _INDEX.findall(rest)
        bare = _INDEX.sub("[]", rest)
        bares = [bare] if f".{ANY}" not in bare else [key for key in self._keys if _alike(bare, key)]
        for each in bares:
            for line in self._lines.get((host, each), ()):
                if line.holds(wanted):
                    yield line


def covers(named: str, leaf: str) -> bool:
    """Whether ``named`` (as an explanation has it) names the leaf of the intent: itself, its list, or by ``*``."""
    pattern = re.escape(named).replace(r"\[\*\]", r"\[\d+\]").replace(r"\.\*", r"\.[^.\[]+")
    more = r"([.\[].*)?" if named.endswith((f"[{ANY}]", f".{ANY}")) else r"(\[\d+\])?"
    return re.fullmatch(pattern + more, leaf) is not None


def _alike(pattern: str, key: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\.\*", r"\.[^.\[]+"), key) is not None


def _ends(bare: str) -> Iterator[int]:
    """Where a path without indices, and each path above it, ends."""
    for found in re.finditer(r"(?<=.)(?=\.|\[\])", bare):
        yield found.start()
    yield len(bare)


def _read(text: str) -> Iterator[range]:
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            yield range(int(first), int(last or first) + 1)
