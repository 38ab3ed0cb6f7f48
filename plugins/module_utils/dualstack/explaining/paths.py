# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of a plan: ``sessions.node1--tor1--ipv4.timers.hold``, ``vips.192.168.100.1``, ``pools[0].blocks.ipv4``.

A path is a tuple of keys: names of mappings; of lists whose entries have names the names, else the index. ``*`` stands
for any key. Names may hold dots (host names, addresses, labels), so a text is read with the plan beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Union

from ..findings import nearest

Key = Union[str, int]
Path = tuple[Key, ...]
ANY = "*"
MANY = 2000  # names; beyond these the search for the nearest one takes longer than a reader waits
Namer = Callable[[Mapping[str, Any]], tuple[str, str]]


class UnknownPath(ValueError):
    """A text that is no path of the plan; the message names the nearest one that is."""


def _by(key: str, more: str = "") -> Namer:
    return lambda entry: (str(entry[key]), str(entry.get(more, "")))


# Lists whose entries have names: how an entry is called, and what is added where that is not unique.
NAMED: dict[str, Namer] = {
    "sessions": _by("name"),
    "pools": _by("name"),
    "pairs": _by("name"),
    "advertisements": _by("name"),
    "services": lambda entry: (f"{entry['namespace']}/{entry['name']}", entry["cluster"]),
    "vips": _by("vip", "advertisement"),
}
ENDS = _by("host")


def names(entries: Sequence[Mapping[str, Any]], namer: Namer) -> dict[Key, Any]:
    """The entries by name; those that share a name become ``name@more``."""
    pairs = [namer(entry) for entry in entries]
    seen: dict[str, int] = {}
    for name, _unused in pairs:
        seen[name] = seen.get(name, 0) + 1
    return {name if seen[name] == 1 else f"{name}@{more}": entry for (name, more), entry in zip(pairs, entries)}


class Tree:
    """A plan as a tree of named children."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.plan = plan
        self._named = {key: names(plan[key], namer) for key, namer in NAMED.items() if key in plan}

    def children(self, path: Path, value: Any) -> Mapping[Key, Any]:
        """What stands below ``value``, which is at ``path``; empty for a leaf."""
        if isinstance(value, Mapping):
            return value
        if not isinstance(value, list):
            return {}
        if len(path) == 1 and path[0] in self._named:
            return self._named[str(path[0])]
        if len(path) == 3 and path[0] == "sessions" and path[2] == "ends":
            return names(value, ENDS)
        return dict(enumerate(value))

    def at(self, path: Path) -> Any:
        """The value at a path. Raises KeyError."""
        value: Any = self.plan
        for depth, key in enumerate(path):
            value = self.children(path[:depth], value)[key]
        return value

    def has(self, path: Path) -> bool:
        try:
            self.at(path)
        except KeyError:
            return False
        return True

    def matching(self, pattern: Path) -> Iterator[Path]:
        """The paths of the plan that a path with ``*`` stands for; indices may be texts."""
        yield from self._matching((), self.plan, tuple(map(str, pattern)))

    def _matching(self, path: Path, value: Any, rest: tuple[str, ...]) -> Iterator[Path]:
        if not rest:
            yield path
            return
        below = self.children(path, value)
        wanted = rest[0]
        if wanted == ANY:
            for each, child in below.items():
                yield from self._matching((*path, each), child, rest[1:])
            return
        key: Key = int(wanted) if wanted not in below and wanted.isdigit() else wanted
        if key in below:
            yield from self._matching((*path, key), below[key], rest[1:])

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, Any]]:
        """Every scalar and every empty list or mapping at or below a path, with its path."""
        value = self.at(path)
        below = self.children(path, value)
        if not below:
            yield path, value
        for key, child in below.items():
            if isinstance(child, (Mapping, list)) and child:
                yield from self.leaves((*path, key))
            else:
                yield (*path, key), child

    def read(self, text: str) -> Path:
        """The path that a text means, also with indices of lists; behind the first ``*`` names may hold no dots.

        Raises UnknownPath.
        """
        path: Path = ()
        value: Any = self.plan
        rest = text.strip()
        while rest:
            found = self._step(path, value, rest)
            if found is None:
                raise UnknownPath(self._unknown(path, value, rest, text))
            key, rest = found
            path = (*path, key)
            if key == ANY:
                path = (*path, *(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", rest)))
                if not any(True for _unused in self.matching(path)):
                    raise UnknownPath(f"{text!r}: nothing in the plan is like it")
                return path
            value = self.children(path[:-1], value)[key]
        return path

    def _step(self, path: Path, value: Any, rest: str) -> tuple[Key, str] | None:
        """The next key and what remains: the longest name that fits, else an index or ``*``."""
        below = self.children(path, value)
        bare = rest[1:] if rest[0] == "." and path else rest
        for end in _ends(bare):
            if bare[:end] in below:
                return bare[:end], bare[end:]
        if bare.startswith("["):
            inside, _bracket, after = bare[1:].partition("]")
        else:
            inside, after = _first(bare)
        if inside in below or (inside == ANY and below):
            return inside, after
        if isinstance(value, list) and inside.isdigit() and int(inside) < len(value):
            return list(below)[int(inside)], after
        return None

    def _unknown(self, path: Path, value: Any, rest: str, text: str) -> str:
        below = [str(key) for key in self.children(path, value)]
        if not below:
            return f"{text!r}: {show(path)} is a single value; nothing stands below it"
        wanted = rest.strip(".[]")
        if not any("." in key for key in below):
            wanted = _first(wanted)[0].strip("]")
        known = nearest(wanted, below) if len(below) <= MANY else f"it has {len(below)} others"
        return f"{text!r}: {show(path) or 'the plan'} has no {wanted!r}; {known}"


def show(path: Path) -> str:
    """A path as text."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _ends(text: str) -> Iterator[int]:
    """Where a name at the beginning of a text may end, the longest first."""
    yield len(text)
    for end in range(len(text) - 1, 0, -1):
        if text[end] in ".[":
            yield end


def _first(text: str) -> tuple[str, str]:
    """The text up to the next dot or bracket, and the rest."""
    end = min((at for at in (text.find("."), text.find("[")) if at >= 0), default=len(text))
    return text[:end], text[end:]
