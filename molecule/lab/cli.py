# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from . import access, documents, hosts, lifecycle, roots, state, workloads
from .commands import in_parallel
from .errors import LabError
from .topology import Topology, from_plan

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}


def main() -> int:
    arguments = _parser().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        if os.geteuid() != 0:
            raise LabError("the lab makes network namespaces and mounts: run it as root")
        return int(arguments.verb(arguments) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="Builds a fabric of real hosts on this machine, from a plan."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    verb = verbs.add_parser("roots", help="build the hosts' root file systems, unless they are cached")
    verb.add_argument("--suite", action="append", choices=roots.SUITES)
    verb.add_argument("--flavour", choices=sorted(roots.PACKAGES), default=roots.LEAN)
    verb.set_defaults(verb=_roots)

    for name, function, text in (
        ("create", _create, "build a lab"),
        ("update", _update, "bring a lab to a changed plan, touching nothing else"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("name", metavar="NAME")
        verb.add_argument("--plan", type=Path, required=True)
        verb.add_argument("--suite", action="append", default=[], metavar="HOST=SUITE", help="Debian suite of a host")
        verb.set_defaults(verb=function)

    verb = verbs.add_parser("inventory", help="print the path of an inventory that reaches the hosts")
    verb.add_argument("name", metavar="NAME")
    verb.set_defaults(verb=_inventory)

    verb = verbs.add_parser("exec", help="run a command inside a host: exec NAME HOST -- COMMAND…")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("host", metavar="HOST")
    verb.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    verb.set_defaults(verb=_exec)

    verb = verbs.add_parser("reboot", help="reboot a host (its network namespace stays)")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("host", metavar="HOST")
    verb.set_defaults(verb=_reboot)

    for name, power, text in (
        ("stop", lifecycle.stop, "cut the power of hosts: their network namespaces go with it, their files stay"),
        ("start", lifecycle.start, "switch hosts on again"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("name", metavar="NAME")
        verb.add_argument("hosts", metavar="HOST", nargs="*", help="default: all")
        verb.set_defaults(verb=_power, power=power)

    verb = verbs.add_parser("workloads", help="print Deployments behind a plan's Services, for kubectl apply")
    verb.add_argument("--plan", type=Path, required=True)
    verb.set_defaults(verb=_workloads)

    verb = verbs.add_parser("status", help="print a lab as JSON; without a name, the names of all labs")
    verb.add_argument("name", metavar="NAME", nargs="?")
    verb.set_defaults(verb=_status)

    verb = verbs.add_parser("destroy", help="remove a lab, also a half-made one")
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("name", metavar="NAME", nargs="?")
    which.add_argument("--all", action="store_true")
    verb.set_defaults(verb=_destroy)
    return parser


def _roots(arguments: argparse.Namespace) -> None:
    suites, flavour = arguments.suite or roots.SUITES, arguments.flavour
    in_parallel(lambda suite: roots.ensure(suite, flavour), suites)
    print("\n".join(str(roots.location(suite, flavour)) for suite in suites))


def _create(arguments: argparse.Namespace) -> None:
    print(lifecycle.create(arguments.name, _topology(arguments.plan), _suites(arguments.suite)).inventory)


def _update(arguments: argparse.Namespace) -> None:
    print(lifecycle.update(arguments.name, _topology(arguments.plan), _suites(arguments.suite)).inventory)


def _workloads(arguments: argparse.Namespace) -> None:
    print(json.dumps(workloads.render(documents.read(arguments.plan)), indent=1))


def _topology(path: Path) -> Topology:
    plan = documents.read(path)
    try:
        return from_plan(plan)
    except (KeyError, TypeError) as error:
        raise LabError(f"{path} is not a plan as playbooks/plan.yml writes it: {error!r}") from error


def _suites(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for host, equals, suite in pairs:
        if not equals or suite not in roots.SUITES:
            raise LabError(
                f"--suite {host}{equals}{suite}: write HOST=SUITE, with a suite of {', '.join(roots.SUITES)}"
            )
    return {host: suite for host, _unused, suite in pairs}


def _inventory(arguments: argparse.Namespace) -> None:
    print(state.load(arguments.name).inventory)


def _exec(arguments: argparse.Namespace) -> None:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("exec: no command given")
    pid = hosts.running(state.load(arguments.name), arguments.host)
    words = [*hosts.inside(pid), "--", *command]
    os.execvpe(words[0], words, {**ENVIRONMENT, "TERM": os.environ.get("TERM", "dumb")})


def _reboot(arguments: argparse.Namespace) -> None:
    hosts.reboot(state.load(arguments.name), arguments.host)


def _power(arguments: argparse.Namespace) -> None:
    arguments.power(arguments.name, arguments.hosts)


def _status(arguments: argparse.Namespace) -> None:
    if arguments.name is None:
        print("\n".join(state.names()))
        return
    lab = state.load(arguments.name)
    print(access.status(lab, {host.name: hosts.first_process(lab, host.name) for host in lab.topology.hosts}))


def _destroy(arguments: argparse.Namespace) -> None:
    names = list(state.names()) if arguments.all else [arguments.name]
    for name in names:
        if not lifecycle.destroy(name) and not arguments.all:
            print(f"lab: there is no lab {name!r}; nothing to destroy", file=sys.stderr)
