# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons as single files: a zip that Python runs, of exactly the modules that a command needs.

The name carries a hash of the sources, so that equal sources give equal names whatever wrote the zip, and a daemon is
replaced only when its own code changed.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

PACKAGES = {"dualstack": "plugins/module_utils/dualstack", "dualstack_speaker": "speaker/dualstack_speaker"}
COMMANDS = {  # bundle → the module with its main, then those that its commands load by name
    "wire": ("dualstack_speaker.__main__", "dualstack_speaker.wire.main"),
    "speaker": (
        "dualstack_speaker.__main__",
        "dualstack_speaker.speaker.main",
        "dualstack_speaker.speaker.check",
        "dualstack_speaker.speaker.drain",
        "dualstack_speaker.speaker.explain",
        "dualstack_speaker.speaker.undrain",
        "dualstack_speaker.speaker.status",
    ),
    "controller": (
        "dualstack_speaker.controller.__main__",
        "dualstack_speaker.controller.main",
        "dualstack_speaker.controller.status",
    ),
}
_START = "import sys\n\nfrom {} import main\n\nsys.exit(main())\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_IMPORT = re.compile(
    r"^[ \t]*(from[ \t]+\S+[ \t]+import[ \t]+\([^)]*\)|(?:from|import)[ \t]+[^\n]+)", flags=re.MULTILINE
)


class _Known(NamedTuple):
    """What was read: by path in the zip, a source and what it imports; by name, the place of a module, if it is one."""

    sources: dict[str, tuple[bytes, list[str]]]
    places: dict[str, tuple[str, str] | None]


UNREADABLE = "cannot read the sources of the daemons: {0}"
ARGUMENTS: dict[str, Any] = {
    "collection": {"type": "path", "required": True},
    "dest": {"type": "path"},
    "plain_names": {"type": "bool", "default": False},
    "contents": {"type": "bool", "default": True},
}


class Bundle(NamedTuple):
    """``name`` is that of the file, ``content`` the zip."""

    name: str
    content: bytes


def every(collection: str) -> dict[str, Bundle]:
    """All bundles by command, from the folder of the collection; each source is read once. Raises OSError."""
    known = _Known({}, {})
    return {command: _build(collection, command, known) for command in COMMANDS}


def result(bundles: Mapping[str, Bundle], contents: bool) -> dict[str, Any]:
    """What the module returns of them."""
    told: dict[str, Any] = {
        "names": {command: each.name for command, each in bundles.items()},
        "digests": {command: hashlib.sha256(each.content).hexdigest() for command, each in bundles.items()},
    }
    if contents:
        told["contents"] = {command: base64.b64encode(each.content).decode() for command, each in bundles.items()}
    return told


def build(collection: str, command: str) -> Bundle:
    """The bundle of a command of COMMANDS, from the folder of the collection. Raises OSError, KeyError."""
    return _build(collection, command, _Known({}, {}))


def _build(collection: str, command: str, known: _Known) -> Bundle:
    start = _START.format(COMMANDS[command][0]).encode()
    sources = {"__main__.py": start, **_sources(collection, COMMANDS[command], known)}
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(f"{path}\0{len(sources[path])}\0".encode() + sources[path])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(sources):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, sources[path])
    return Bundle(f"dualstack-{command}-{digest.hexdigest()[:16]}.pyz", buffer.getvalue())


def _sources(collection: str, roots: Sequence[str], known: _Known) -> Mapping[str, bytes]:
    """The sources of the modules and of all that they import from PACKAGES, by their path in the zip."""
    found: dict[str, bytes] = {}
    asked: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            module = ".".join(parts[:depth])
            if module in asked:
                continue
            asked.add(module)
            if module not in known.places:
                known.places[module] = _place(collection, parts[:depth])
            place = known.places[module]
            if place is None:
                continue
            inside, path = place
            if inside not in known.sources:
                with open(path, "rb") as file:
                    source = file.read()
                package = parts[:depth] if inside.endswith("/__init__.py") else parts[: depth - 1]
                known.sources[inside] = source, list(_imports(source, package))
            found[inside], imports = known.sources[inside]
            waiting += imports
    return found


def _place(collection: str, parts: Sequence[str]) -> tuple[str, str] | None:
    """(path in the zip, path on disk) of a module; None when the name is not a module of ours."""
    if parts[0] not in PACKAGES:
        return None
    inside = "/".join(parts)
    below = os.path.join(collection, PACKAGES[parts[0]], *parts[1:])
    if os.path.isfile(f"{below}.py"):
        return f"{inside}.py", f"{below}.py"
    if os.path.isfile(os.path.join(below, "__init__.py")):
        return f"{inside}/__init__.py", os.path.join(below, "__init__.py")
    return None


def _imports(source: bytes, package: Sequence[str]) -> Iterator[str]:
    """Absolute dotted names of everything that a module of ``package`` imports, names inside modules included."""
    for node in statements(source.decode("utf-8")):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*module, name.name]) for name in node.names)


def statements(text: str) -> Iterator[ast.stmt]:
    """The imports of a source, wherever they stand. The rest is not parsed, which would take ten times as long.

    Prose of a docstring that begins like one is passed over, or names no module.
    """
    for found in _IMPORT.finditer(text):
        with suppress(SyntaxError):
            yield from ast.parse(found[1]).body
