# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs share: options, the exit status for a bad configuration, a daemon's run, a status for people."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from .config_file import ConfigError
from .logs import Log


class Configured(Protocol):
    """What every configuration has."""

    @property
    def log_level(self) -> str:
        """The least level that is logged."""


C = TypeVar("C")
D = TypeVar("D", bound=Configured)
S = TypeVar("S")


class Unanswered(Exception):
    """The status of a daemon could not be had; its text says which, and why."""


def parser(program: str, does: str, path: str) -> argparse.ArgumentParser:
    """Options of a program; ``path``: of its configuration, where no other is named."""
    made = argparse.ArgumentParser(prog=program, description=does)
    made.add_argument("--config", default=path, help="configuration file (default: %(default)s)")
    return made


def configured(load: Callable[[str], C], options: argparse.Namespace, act: Callable[[C], int]) -> int:
    """The exit status of what is done with the configuration; 2 when that is bad, which is told."""
    try:
        config = load(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return act(config)


def daemon(
    options: argparse.ArgumentParser,
    arguments: list[str],
    load: Callable[[str], D],
    serve: Callable[[D, Log, argparse.Namespace], int],
) -> int:
    """The exit status of a daemon, which may be asked to look at its configuration alone (``--check``)."""
    options.add_argument("--check", action="store_true", help="check the configuration and exit")
    given = options.parse_args(arguments)

    def act(config: D) -> int:
        return 0 if given.check else serve(config, Log(config.log_level, prefix="JOURNAL_STREAM" in os.environ), given)

    return configured(load, given, act)


def until_stopped(work: Coroutine[Any, Any, None], log: Log, reason: Callable[[OSError], str]) -> int:
    """Runs a daemon's work to its end: 0, or 1 when it could not start, which is logged in the words of ``reason``."""
    try:
        asyncio.run(work)
    except OSError as error:
        log.write("error", "cannot start", {"reason": reason(error), "path": error.filename})
        return 1
    return 0


def status(
    options: argparse.ArgumentParser,
    arguments: list[str],
    load: Callable[[str], C],
    gather: Callable[[C], S],
    text: Callable[[S], str],
    healthy: Callable[[S], bool],
) -> int:
    """Prints a status as text or, when asked to, as JSON; 1 when something is wrong, or the daemon does not answer."""
    options.add_argument("--json", action="store_true", help="print JSON")
    given = options.parse_args(arguments)

    def act(config: C) -> int:
        try:
            found = gather(config)
        except Unanswered as error:
            sys.stderr.write(f"{error}\n")
            return 1
        sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else text(found))
        return 0 if healthy(found) else 1

    return configured(load, given, act)
