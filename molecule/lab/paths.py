# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps its things: root file systems and the state of each lab, all under one cache folder."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def cache() -> Path:
    override = os.environ.get("BAREMETAL_DUALSTACK_CACHE")
    return Path(override).absolute() if override else Path.home() / ".cache" / "baremetal-dualstack"


def roots() -> Path:
    return cache() / "roots"


def labs() -> Path:
    return cache() / "labs"


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Holds an exclusive lock on a file of that name; prints `waiting` when another process has it.

    The lock ends with the process. The file is removed with the lock, so a holder makes sure that the file that it has
    locked is still the one of that name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"lab: {waiting}", file=sys.stderr, flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _same(file.fileno(), path):
                continue
            try:
                yield
            finally:
                path.unlink()
            return


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
