# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs of Kubernetes say of their flags and documents: the real ones, asked and ended at once.

They are of the version that the environment names (``DUALSTACK_TEST_KUBERNETES``, one that ``building`` pins).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cluster.building import VERSION, programs
from processes import until

TESTED = os.environ.get("DUALSTACK_TEST_KUBERNETES", VERSION)
TOKEN = {"token": "abcdef.0123456789abcdef", "unsafeSkipCAVerification": True}


class Verdict(NamedTuple):
    """Whether a program went on with what it was told, and all its words."""

    accepted: bool
    words: str


def program(name: str) -> str:
    """The path of a program of Kubernetes."""
    return str(programs([name], TESTED)[name])


def started(command: Sequence[str], goes_on: str, log: Path) -> Verdict:
    """Starts a daemon until it ends by itself or says ``goes_on``, which it does only with flags that it takes."""
    with open(log, "wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def words() -> str:
        return log.read_text(errors="replace")

    try:
        until(lambda: goes_on in words() or process.poll() is not None, f"{command[0]} takes its flags, or ends")
        return Verdict(goes_on in words(), words())
    finally:
        process.kill()
        process.wait()


def asked(command: Sequence[str], **environment: str) -> Verdict:
    """Runs a command to its end."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment}
    )
    return Verdict(done.returncode == 0, done.stdout + done.stderr)


def written(path: Path, documents: Iterable[Mapping[str, Any]]) -> Path:
    """A file of documents."""
    path.write_text(yaml.safe_dump_all(list(documents), sort_keys=False), encoding="utf-8")
    return path


def manifest_flags(path: Path) -> dict[str, str]:
    """The flags of the container in a static pod's manifest."""
    [container] = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]["containers"]
    return dict(word[2:].partition("=")[::2] for word in container["command"][1:])
