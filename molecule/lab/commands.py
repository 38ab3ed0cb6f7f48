# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the machine's tools; a tool that fails is an error with the tool's own words."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import TypeVar

from .errors import LabError

T = TypeVar("T")

# Set when the work is interrupted: what runs in threads then ends its waiting.
stopping = threading.Event()


def run(argv: list[str], *, stdin: str | None = None, check: bool = True) -> str:
    """The standard output of a command; raises LabError when it fails and `check` is set."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise LabError(
            f"{argv[0]} is not installed: install the packages that molecule/lab/README.md lists"
        ) from missing
    if check and done.returncode != 0:
        raise LabError(f"`{' '.join(argv)}` failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def run_long(argv: list[str], env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, output and error output of a command that is killed when the work is interrupted."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        while process.poll() is None:
            if stopping.is_set():
                process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
        output.seek(0)
        errors.seek(0)
        return process.returncode, output.read(), errors.read()


def in_parallel(job: Callable[[T], object], items: Iterable[T]) -> None:
    """Runs the job once per item, all at once; raises the first error after all have ended."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        try:
            futures = [pool.submit(job, item) for item in items]
            wait(futures)
        except BaseException:
            stopping.set()
            raise
    for future in futures:
        future.result()


@contextmanager
def phase(text: str) -> Iterator[None]:
    """A line of progress with the seconds that the phase took; on standard error, results are on standard output."""
    start = time.monotonic()
    yield
    print(f"lab: {text} ({time.monotonic() - start:.1f} s)", file=sys.stderr, flush=True)
