# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags of a component that systemd runs: in ``ExecStart=`` of its unit and in the variables that this names.

Where a flag stands, it is changed; what stands nowhere goes into ``KUBELET_KUBEADM_ARGS``, which kubeadm keeps, else
into ``ExecStart=``, else into a variable. Files of packages (below /usr/lib and /lib) are not edited. All in place: a
drop-in of ours would have to repeat the whole command, and so freeze the flags of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from . import arguments, words
from .owned import EditError, Owned

KUBEADM = "KUBELET_KUBEADM_ARGS"
_PACKAGED = ("/usr/lib/", "/lib/", "/run/")
_JOINED = re.compile(r"[ \t]*\\\r?\n")
_JOINT = re.compile(r"[ \t]*\\\r?\n\Z")
_PREFIXES = "@-:+!"


class Files(NamedTuple):
    """The text by path, in the order in which systemd reads: the unit with its drop-ins, then ``EnvironmentFile=``."""

    units: Mapping[str, str]
    environment: Mapping[str, str] = MappingProxyType({})

    def text(self, path: str) -> str:
        """The text of a file."""
        return self.units[path] if path in self.units else self.environment[path]


class _Place(NamedTuple):
    """Where words stand: of the command itself (``variable`` is empty) or of a variable in it."""

    path: str
    variable: str
    start: int
    end: int
    quote: str

    def words(self, files: Files) -> list[words.Word]:
        return words.split(files.text(self.path), self.start, self.end, self.path in files.units)


class _Edit(NamedTuple):
    start: int
    end: int
    new: str


class _Argument(NamedTuple):
    word: words.Word
    place: _Place


def flags(files: Files, program: str) -> list[str]:
    """The arguments that the program is started with. Raises EditError."""
    return [each.word.text for each in _arguments(files, _places(files, program))]


def edit(files: Files, owned: Owned, program: str) -> dict[str, str]:
    """The files that change, with what is owned of the program's flags. Raises EditError."""
    places = _places(files, program)
    given = _arguments(files, places)
    found = arguments.changes([each.word.text for each in given], owned)
    edits: dict[str, list[_Edit]] = {}
    for index, new in found.replaced.items():
        word, place = given[index]
        edits.setdefault(place.path, []).append(_Edit(word.start, word.end, _written(files, place, new, word.start)))
    if found.added:
        target = _target(files, places)
        edits.setdefault(target.path, []).extend(_added(files, places, target, found.added))
    after = _edited(files, edits)
    for index in reversed(found.dropped):
        word, place = _arguments(after, _places(after, program))[index]
        after = _edited(after, {place.path: [_gone(after.text(place.path), place, word)]})
    changed = {path: text for path, text in {**after.units, **after.environment}.items() if text != files.text(path)}
    for path in changed:
        if path.startswith(_PACKAGED):
            fix = "put it into /etc, as `systemctl edit --full` does, and have the flags there"
            raise EditError(1, f"{path} has flags that must change, and belongs to a package", fix)
    return changed


def _places(files: Files, program: str) -> list[_Place]:
    command = _command(files, program)
    found = [command._replace(end=command.start)]
    for each in words.split(files.text(command.path), command.start, command.end):
        name = each.text.lstrip("$").strip("{}")
        if each.text.startswith("$") and each.text in (f"${name}", f"${{{name}}}"):
            place = _variable(files, name)
            found += [place] if place and place not in found else []  # named twice, it is the same words again
        else:
            found.append(command._replace(start=each.start, end=each.end))
    return found


def _command(files: Files, program: str) -> _Place:
    command = None
    for path, text in files.units.items():
        for each in words.assignments(text, "Service"):
            if each.name == "ExecStart":
                command = _Place(path, "", each.start, each.end, "")
    if not command or command.start == command.end:
        path = next(iter(files.units), "the unit")
        raise EditError(1, f"{path} has no ExecStart= in [Service]", f"name the unit that runs {program}")
    text = files.text(command.path)
    first = words.split(text, command.start, command.end)[0]
    name = first.text.lstrip(_PREFIXES).rsplit("/", 1)[-1]
    if name != program:
        problem = f"ExecStart= in {command.path} runs {name}, not {program} itself"
        raise EditError(
            words.line_of(text, first.start), problem, f"start {program} without a shell or script, or name its unit"
        )
    return command._replace(start=first.end)


def _variable(files: Files, name: str) -> _Place | None:
    """Where a variable has its value: the last file with environment that sets it, else the last unit."""
    found = None
    for path, text in files.units.items():
        for each in words.assignments(text, "Service"):
            for word in words.split(text, each.start, each.end) if each.name == "Environment" else ():
                place = _assigned(path, text, word, name)
                found = place or found
    for path, text in files.environment.items():
        for each in words.assignments(text):
            if each.name == name:
                quote = text[each.start] if each.end - each.start > 1 and text[each.start] in "\"'" else ""
                if quote and text[each.end - 1] != quote:
                    line = words.line_of(text, each.start)
                    raise EditError(line, f"{path}: the value of {name} is quoted in parts", "quote it as a whole")
                found = _Place(path, name, each.start + len(quote), each.end - len(quote), quote)
    return found


def _assigned(path: str, text: str, word: words.Word, name: str) -> _Place | None:
    """The place of the value where a word of ``Environment=`` sets the variable, quoted as a whole or behind ``=``."""
    if not word.text.startswith(f"{name}="):
        return None
    start, end = text.index("=", word.start) + 1, word.end
    if text[word.start] in "\"'":
        return _Place(path, name, start, end - 1, text[word.start])
    quote = text[start] if start < end and text[start] in "\"'" else ""
    return _Place(path, name, start + len(quote), end - len(quote), quote)


def _arguments(files: Files, places: Sequence[_Place]) -> list[_Argument]:
    return [_Argument(word, place) for place in places for word in place.words(files)]


def _written(files: Files, place: _Place, word: str, at: int) -> str:
    line = words.line_of(files.text(place.path), at)
    return words.bare(word, line, place.path in files.units) if place.variable else words.quoted(word, line)


def _gone(text: str, place: _Place, word: words.Word) -> _Edit:
    """Takes a word away, with its line where it has one of its own."""
    begin = word.start - (len(text[: word.start]) - len(text[: word.start].rstrip(" \t")))
    alone = text[begin - 1 : begin] == "\n"
    joined = _JOINED.match(text, word.end)
    if place.variable:
        return _Edit(max(begin, place.start), word.end, "")
    if alone and joined:
        return _Edit(begin, joined.end(), "")
    before = _JOINT.search(text[:begin])
    if alone and before and not text[text.rfind("\n", 0, before.start()) + 1 :].lstrip().startswith(("#", ";")):
        return _Edit(before.start(), word.end, "")
    return _Edit(begin, word.end, "")


def _added(files: Files, places: Sequence[_Place], target: _Place, new: Sequence[str]) -> list[_Edit]:
    text, kept = files.text(target.path), target.words(files)
    fresh = [_written(files, target, each, target.end) for each in new]
    added = (
        "".join(_gap(text, places, target) + each for each in fresh) if kept or not target.variable else " ".join(fresh)
    )
    at = kept[-1].end if kept else target.start
    if not target.variable or target.quote or len(kept) + len(new) < 2:
        return [_Edit(at, at, added)]
    if target.path in files.units:
        line = words.line_of(text, target.start)
        raise EditError(line, f"{target.variable} is set without quotes", "put quotes around the whole assignment")
    if not kept:
        return [_Edit(at, at, f'"{added}"')]
    return [_Edit(target.start, target.start, '"'), _Edit(at, at, added + '"')]


def _target(files: Files, places: Sequence[_Place]) -> _Place:
    """Where new flags go."""
    own = [each for each in places if not each.path.startswith(_PACKAGED)]
    variables = [each for each in own if each.variable]
    for candidates in (
        [each for each in variables if each.variable == KUBEADM],
        [each for each in own if not each.variable],
        variables,
    ):
        if candidates:
            return candidates[-1]
    path = next(iter(files.units))
    raise EditError(
        1, f"{path} and what it reads have no place for flags", "copy the unit with `systemctl edit --full`"
    )


def _gap(text: str, places: Sequence[_Place], target: _Place) -> str:
    """What parts a new word from the one before: a joined line where other words of the command stand so."""
    for place in reversed([each for each in places if each.path == target.path and not each.variable]):
        head = text[: place.start]
        gap = head[len(head.rstrip("\\ \t\r\n")) :]
        if "\\" in gap and not target.variable:
            return gap
    return " "


def _edited(files: Files, edits: Mapping[str, Sequence[_Edit]]) -> Files:
    changed = {}
    for path, each in edits.items():
        text = files.text(path)
        for start, end, new in sorted(each, reverse=True):
            text = text[:start] + new + text[end:]
        changed[path] = text
    units, environment = ({path: changed.get(path, text) for path, text in part.items()} for part in files)
    return Files(units, environment)
