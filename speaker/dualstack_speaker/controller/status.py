# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``dualstack-controller status``: who is active, which Services wait and why, how full the pools are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..observe import program
from ..observe.asking import ask, reason
from .config import DEFAULT_PATH, Config, load


def run(arguments: list[str]) -> int:
    """The exit status: 0 when all is well, 1 when something is wrong or does not answer, 2 for a bad configuration."""
    options = program.parser("dualstack-controller status", "Shows what the controller does.", DEFAULT_PATH)
    return program.status(options, arguments, load, gather, lambda found: "\n".join(lines(found)) + "\n", healthy)


def gather(config: Config) -> dict[str, Any]:
    """What the controller says of itself. Raises Unanswered."""
    try:
        status: dict[str, Any] = ask(config.status_socket, None)
        return status
    except (OSError, ValueError) as error:
        raise program.Unanswered(f"{config.status_socket}: the controller does not answer: {reason(error)}") from None


def healthy(status: Mapping[str, Any]) -> bool:
    """Whether the controller knows everything, is active or standby, and can write."""
    lease, source = status["lease"], status["kubernetes"]
    in_place = lease["acting"] if lease["leading"] else lease["holder"] not in ("", status["identity"])
    quiet = not (source["away"] or status["writes"]["refused"] or status["writes"]["error"])
    return bool(status["config"] == "valid" and in_place and source["loaded"] and quiet)


def lines(status: Mapping[str, Any]) -> Iterator[str]:
    """The status for people."""
    lease, services, writes = status["lease"], status["services"], status["writes"]
    if lease["leading"]:
        role = "active" if lease["acting"] else "about to act"
    elif lease["holder"] == status["identity"]:
        role = "not active: it could not renew its Lease in time"
    else:
        role = f"standby; active: {lease['holder'] or 'nobody'}"
    yield f"{status['identity']}: {role}, configuration {status['config']}"
    if not status["kubernetes"]["loaded"]:
        yield "not everything was listed yet"
    if status["kubernetes"]["away"]:
        yield f"no news of {', '.join(status['kubernetes']['away'])}"
    yield (
        f"Services: {services['total']}, with addresses {services['assigned']}, waiting {services['waiting']}; "
        f"writes pending {writes['pending']}, refused {len(writes['refused'])}"
    )
    for pool, families in status["pools"].items():
        shown = [f"{name} {count['assigned']} used, {count['available']} free" for name, count in families.items()]
        yield f"  pool {pool}: {'; '.join(shown) or 'no addresses'}"
    for key, why in status["waiting"].items():
        yield f"  waiting: {key}: {why}"
    for key, why in writes["refused"].items():
        yield f"  refused: {key}: {why}"
    for text in (lease["error"], writes["error"], *status["other_writers"], *status["errors"], *status["warnings"]):
        if text:
            yield f"  {text}"
