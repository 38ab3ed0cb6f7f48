# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our daemons are on a host: files, what is left over from before, and the check before anything is used."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .dualstack.render.places import CONFIG_FOLDER, RESOURCES, secret_object
from .host_files import HostFile

LIBRARY = "/usr/local/lib/dualstack"
UNITS = "/etc/systemd/system"
GENERATION, FRAME = "DUALSTACK_GENERATION", "DUALSTACK_FRAME"


class Product(NamedTuple):
    """What is installed, replaced and removed together. ``main``: the bundle that the command runs; ``configs``: the
    configuration of each unit, in the order of starting; ``about``: what its user is called."""

    main: str
    about: str
    bundles: tuple[str, ...]
    manifest: str
    configs: Mapping[str, str]

    @property
    def command(self) -> str:
        """What people call."""
        return f"/usr/local/bin/dualstack-{self.main}"


SPEAKER = Product(
    "speaker",
    "Dual-stack speaker",
    ("wire", "speaker"),
    f"{LIBRARY}/installed.json",
    {"dualstack-wire.service": "wire.json", "dualstack-speaker.service": "speaker.json"},
)
CONTROLLER = Product(
    "controller",
    "Dual-stack controller",
    ("controller",),
    f"{LIBRARY}/installed-controller.json",
    {"dualstack-controller.service": "controller.json"},
)


class Wanted(NamedTuple):
    """What a host is to have. ``bundles``: content by daemon and name; ``units``: text by name.

    ``secrets``: passwords of sessions. ``keys``: files that only the daemon can read, by path below the folder of
    configuration.
    """

    bundles: Mapping[str, tuple[str, bytes]]
    files: Mapping[str, str]
    secrets: Mapping[str, str]
    units: Mapping[str, str]
    python: str
    user: str
    keys: Mapping[str, str] = {}
    product: Product = SPEAKER

    @property
    def has_resources(self) -> bool:
        """Whether resources come from files of the host."""
        return any(path.startswith(f"{RESOURCES}/") for path in self.files)


def folders(wanted: Wanted) -> list[tuple[str, int, str, str]]:
    """(path, mode, owner, group) of the folders, parents first."""
    resources = [(f"{CONFIG_FOLDER}/{RESOURCES}", 0o750, "root", wanted.user)] if wanted.has_resources else []
    return [(LIBRARY, 0o755, "root", "root"), (CONFIG_FOLDER, 0o755, "root", "root"), *resources]


def files(wanted: Wanted) -> list[HostFile]:
    """All files, in the order in which they are written: what others refer to stands first."""
    result = [
        HostFile(bundle_path(name), content, 0o644, opaque=f"(program {name})")
        for name, content in wanted.bundles.values()
    ]
    start = f'#!/bin/sh\nexec {wanted.python} -I {bundle_path(wanted.bundles[wanted.product.main][0])} "$@"\n'
    result.append(HostFile(wanted.product.command, start.encode(), 0o755))
    for path, text in sorted(wanted.files.items()):
        result.append(HostFile(f"{CONFIG_FOLDER}/{path}", text.encode(), 0o640, "root", wanted.user))
    for name, value in sorted(wanted.secrets.items()):
        path = f"{CONFIG_FOLDER}/{RESOURCES}/secret-{name}.json"
        content = (json.dumps(secret_object(name, value), indent=2) + "\n").encode()
        result.append(HostFile(path, content, 0o600, wanted.user, wanted.user, opaque=f"(secret {name})"))
    for path, text in sorted(wanted.keys.items()):
        content = text.strip().encode() + b"\n"
        path = f"{CONFIG_FOLDER}/{path}"
        result.append(HostFile(path, content, 0o600, wanted.user, wanted.user, opaque=f"(key {path})"))
    for name, text in sorted(wanted.units.items()):
        result.append(HostFile(f"{UNITS}/{name}", stamped(wanted, name, text).encode(), 0o644))
    return result


def bundle_path(name: str) -> str:
    """Where a bundle lies."""
    return f"{LIBRARY}/{name}"


def generation(wanted: Wanted, unit: str) -> str:
    """A hash of all for which a daemon must be replaced: its unit, which names its program, and its configuration."""
    return _hash(wanted.units[unit], wanted.files.get(wanted.product.configs[unit], ""))


def frame(wanted: Wanted, unit: str) -> str:
    """A hash of what a reload can't change: the unit without its program. Empty where a unit knows no reload."""
    text = wanted.units[unit]
    for name, _unused in wanted.bundles.values():
        text = text.replace(name, "")
    return _hash(text) if re.search(r"^ExecReload=", text, flags=re.MULTILINE) else ""


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def stamped(wanted: Wanted, unit: str, text: str) -> str:
    """The unit with its generation and frame, which a running daemon then has in its environment."""
    values = f"{GENERATION}={generation(wanted, unit)} {FRAME}={frame(wanted, unit)}"
    line = f"[Service]\nEnvironment={values}\n"
    return re.sub(r"^\[Service\]\n", line, text, count=1, flags=re.MULTILINE)


def manifest(wanted: Wanted, before: Mapping[str, Sequence[str]]) -> HostFile:
    """The list of what is ours; the bundles of the generation before are kept, as daemons may still run from them."""
    bundles = sorted(name for name, _unused in wanted.bundles.values())
    previous = before.get("bundles", [])
    kept = before.get("previous", []) if previous == bundles else previous
    content = {
        "files": sorted(file.path for file in files(wanted) if not file.path.startswith(f"{LIBRARY}/")),
        "bundles": bundles,
        "previous": [name for name in kept if name not in bundles],
    }
    return HostFile(wanted.product.manifest, (json.dumps(content, indent=2) + "\n").encode(), 0o644)


def read_manifest(product: Product) -> dict[str, list[str]]:
    """The manifest of the last installation; empty when there is none."""
    try:
        with open(product.manifest, encoding="utf-8") as file:
            found: dict[str, list[str]] = json.load(file)
            return found
    except (FileNotFoundError, ValueError):
        return {}


def stale(before: Mapping[str, Sequence[str]], after: HostFile) -> list[str]:
    """Files of the last installation that are not wanted any more."""
    now = json.loads(after.content)
    gone = [path for path in before.get("files", []) if path not in now["files"]]
    known = {*now["bundles"], *now["previous"]}
    old = {*before.get("bundles", []), *before.get("previous", [])} - known
    return gone + [bundle_path(name) for name in sorted(old)]


def check(wanted: Wanted) -> list[str]:
    """Run the new programs' own checks on the new files in a folder of their own. Returns what they object to."""
    with tempfile.TemporaryDirectory(prefix="dualstack-check-") as folder:
        staged = {os.path.relpath(file.path, CONFIG_FOLDER): file.content for file in files(wanted)}
        for path, content in staged.items():
            if not path.startswith(".."):
                target = os.path.join(folder, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as stream:
                    stream.write(content)
        programs = {}
        for daemon, (_name, content) in wanted.bundles.items():
            programs[daemon] = os.path.join(folder, f"{daemon}.pyz")
            with open(programs[daemon], "wb") as stream:
                stream.write(content)
        calls = _checks(wanted, programs, folder)
        objections = []
        for call in calls:
            done = subprocess.run([wanted.python, "-I", *call], capture_output=True, text=True, check=False)
            if done.returncode:
                said = done.stderr.strip() or f"{' '.join(call)} ended with {done.returncode}"
                objections += [line.replace(f"{folder}/", "") for line in said.splitlines()]
        return objections


def _checks(wanted: Wanted, programs: Mapping[str, str], folder: str) -> list[list[str]]:
    if wanted.product is CONTROLLER:
        config = os.path.join(folder, "controller.json")
        return [[programs["controller"], "controller", "--check", "--config", config]]
    speaker = [programs["speaker"], "check", "--config", os.path.join(folder, "speaker.json")]
    if wanted.has_resources:
        speaker += ["--resources", os.path.join(folder, RESOURCES)]
    return [[programs["wire"], "wire", "--check", "--config", os.path.join(folder, "wire.json")], speaker]
