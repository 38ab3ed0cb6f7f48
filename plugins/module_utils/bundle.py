# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons as single files: a zip that Python runs, of exactly the modules that a command needs.

The name carries a hash of the sources, so that equal sources give equal names whatever wrote the zip, and a daemon is
replaced only when its own code changed.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

PACKAGES = {"dualstack": "plugins/module_utils/dualstack", "dualstack_speaker": "speaker/dualstack_speaker"}
COMMANDS = {  # bundle → the modules that its commands load by name
    "wire": ("dualstack_speaker.__main__", "dualstack_speaker.wire.main"),
    "speaker": (
        "dualstack_speaker.__main__",
        "dualstack_speaker.speaker.main",
        "dualstack_speaker.speaker.check",
        "dualstack_speaker.speaker.drain",
        "dualstack_speaker.speaker.undrain",
        "dualstack_speaker.speaker.status",
    ),
}
_START = b"import sys\n\nfrom dualstack_speaker.__main__ import main\n\nsys.exit(main())\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


class Bundle(NamedTuple):
    """``name`` is that of the file, ``content`` the zip."""

    name: str
    content: bytes


def build(collection: str, command: str) -> Bundle:
    """The bundle of a command of COMMANDS, from the folder of the collection. Raises OSError, KeyError."""
    sources = {"__main__.py": _START, **_sources(collection, COMMANDS[command])}
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


def _sources(collection: str, roots: Sequence[str]) -> Mapping[str, bytes]:
    """The sources of the modules and of all that they import from PACKAGES, by their path in the zip."""
    found: dict[str, bytes] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            place = _place(collection, parts[:depth])
            if place is None or place[0] in found:
                continue
            inside, path = place
            with open(path, "rb") as file:
                found[inside] = file.read()
            package = parts[:depth] if inside.endswith("/__init__.py") else parts[: depth - 1]
            waiting += _imports(found[inside], package)
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
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*module, name.name]) for name in node.names)
