# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-speaker explain NAMESPACE/SERVICE``: why it is announced by this node or not, and what to change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..kube.access import Access
from ..kube.client import Client
from ..kube.errors import ApiError, SettingsError
from ..observe import program
from ..observe.asking import ask, reason
from . import allocation
from .config import DEFAULT_PATH, Config, load

ANNOUNCED, IN_PART = "announced", "in part"  # begin and end of a Story's summary (dualstack.announcing.why)


def run(arguments: list[str]) -> int:
    """The exit status: 0 when every address of it is announced (layer 2: by any node), 1 when not, 2 for bad input."""
    does = "Says why a Service is announced by this node, or why not."
    parser = program.parser("dualstack-speaker explain", does, DEFAULT_PATH)
    parser.add_argument("service", metavar="NAMESPACE/SERVICE", help="the Service")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.service.count("/") != 1 or not all(options.service.split("/")):
        sys.stderr.write(f"{options.service!r}: write it as NAMESPACE/SERVICE\n")
        return 2
    return program.configured(load, options, lambda config: show(gather(config, options.service), options.json))


def show(found: Mapping[str, Any], as_json: bool) -> int:
    """Prints the stories; the exit status."""
    text = json.dumps(found, indent=2) if as_json else "\n".join(lines(found))
    sys.stdout.write(f"{text}\n")
    summary = found["announcing"]["summary"] if found["announcing"] is not None else ""
    return 0 if summary.startswith(ANNOUNCED) and not summary.endswith(IN_PART) else 1


def gather(config: Config, service: str) -> dict[str, Any]:
    """The stories of announcing (from the speaker that runs) and of allocation (from the API server)."""
    found: dict[str, Any] = {"service": service, "node": config.node, "announcing": None, "allocation": None}
    problems: list[str] = []
    try:
        found["announcing"] = ask(config.status_socket, {"op": "explain", "service": service})
    except (OSError, ValueError) as error:
        problems.append(f"{config.status_socket}: the process speaker does not answer: {reason(error)}")
    if config.kubernetes is not None:
        client = Client(Access(config.kubernetes.kubeconfig), workers=1)
        try:
            story = allocation.explain(client, config.kubernetes, config.load_balancer_class, service)
            found["allocation"] = story._asdict()
        except (OSError, ApiError, SettingsError) as error:
            problems.append(f"the API server can't be asked about its addresses: {reason(error)}")
        finally:
            client.close()
    return {**found, "problems": problems}


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """All of it for people."""
    yield from found["problems"]
    announcing, allocated = found["announcing"], found["allocation"]
    if announcing is not None:
        if announcing["loaded"]:
            yield from announcing["lines"]
        else:
            yield "this speaker has not read everything yet, and so decides nothing; wire goes on with what it was told"
            yield from (f"    {text}" for text in announcing["missing"])
    if allocated is not None:
        yield ""
        yield f"allocation: {found['service']}: {allocated['summary']}"
        yield from (f"    {line}" for line in allocated["lines"])
        if allocated["fix"]:
            yield f"    -> {allocated['fix']}"
