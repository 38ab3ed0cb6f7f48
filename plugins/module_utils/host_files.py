# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a host with owner and mode: compare first, then write; every file atomically; secrets never shown."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HostFile:
    """A wanted file. ``opaque``: a word to show instead of the content (secrets, binaries)."""

    path: str
    content: bytes = field(repr=False)
    mode: int
    owner: str = "root"
    group: str = "root"
    opaque: str = ""


@dataclass(frozen=True)
class FileChange:
    """A file that differs; ``wanted`` is None for one to be removed. ``before``: its content, None when absent."""

    path: str
    wanted: HostFile | None
    before: bytes | None = field(repr=False)
    facts: str = ""

    def diff(self) -> dict[str, str]:
        """The change in the shape of Ansible's diff mode; without the content of opaque files."""
        opaque = self.wanted.opaque if self.wanted else "(content not shown)"
        if opaque:
            old = "" if self.before is None else f"{opaque}: before\n"
            new = f"{opaque}: after\n" if self.wanted else ""
            same = self.wanted is not None and self.wanted.content == self.before
            texts = (opaque + "\n", opaque + "\n") if same else (old, new)
        else:
            after = self.wanted.content if self.wanted else b""
            texts = ((self.before or b"").decode("utf-8", "replace"), after.decode("utf-8", "replace"))
        before, after_text = (f"# {self.facts}\n" + texts[0] if self.facts else texts[0]), texts[1]
        return {"before_header": self.path, "after_header": self.path, "before": before, "after": after_text}


def compare(wanted: Iterable[HostFile], stale: Iterable[str] = ()) -> list[FileChange]:
    """What must change so that the wanted files are there and the stale ones are not."""
    changes = []
    for file in wanted:
        before, facts = _read(file.path), _facts(file.path)
        if before != file.content or facts != _wanted_facts(file):
            shown = (
                f"{facts}, wanted {_wanted_facts(file)}" if before is not None and facts != _wanted_facts(file) else ""
            )
            changes.append(FileChange(file.path, file, before, shown))
    return changes + [FileChange(path, None, _read(path)) for path in stale if os.path.lexists(path)]


def write(file: HostFile) -> None:
    """Write one file; its folder must exist."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(file.path), prefix=".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(file.content)
        os.chown(temporary, pwd.getpwnam(file.owner).pw_uid, grp.getgrnam(file.group).gr_gid)
        os.chmod(temporary, file.mode)
        os.replace(temporary, file.path)
    except BaseException:
        os.unlink(temporary)
        raise


def apply(changes: Iterable[FileChange]) -> None:
    """Write and remove, in the order given."""
    for change in changes:
        if change.wanted is None:
            os.unlink(change.path)
        else:
            write(change.wanted)


def folder(path: str, mode: int, owner: str, group: str) -> bool:
    """Whether a folder is there with these facts."""
    return os.path.isdir(path) and _facts(path) == f"{owner}:{group} {mode:04o}"


def make_folder(path: str, mode: int, owner: str, group: str) -> None:
    """Make a folder, or correct its facts."""
    os.makedirs(path, exist_ok=True)
    os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    os.chmod(path, mode)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _wanted_facts(file: HostFile) -> str:
    return f"{file.owner}:{file.group} {file.mode:04o}"


def _facts(path: str) -> str:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return ""
    return f"{_user(found.st_uid)}:{_group(found.st_gid)} {stat.S_IMODE(found.st_mode):04o}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
