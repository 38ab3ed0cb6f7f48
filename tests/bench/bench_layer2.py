# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and NDP for 1,000 + 1,000 addresses beside the kernel, which has them on its interface.

Two namespaces on a switch: the answerer runs on one core, the one that asks on the other. Both have real-time
priority, as the role gives it to ``wire``. Overloaded: twenty processes compute on both cores meanwhile. The one that
asks costs more than the answerer: answers a second are a lower bound. Then a take-over: from a message on the link of
``wire`` that names all addresses to the last one's first announcement at a neighbour.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from interop.stage import Host, Stage  # noqa: E402
from layer2_load import ADDRESSES  # noqa: E402
from machine import PRIORITY, load, options, say, take_priority  # noqa: E402
from measurements import percentile, row  # noqa: E402
from processes import Link, Wire  # noqa: E402

PROTOCOLS = {"arp": "ipv4", "ndp": "ipv6"}
ASKING, ANSWERING = "0", "1"  # cores; interrupts of small machines are on the first
ROUND = 2.0  # seconds, more than there are between two rounds of announcements
LAYER2: dict[str, Any] = {
    address: {"interfaces": ["rack1"]} for addresses in ADDRESSES.values() for address in addresses
}


class Subject:
    """A client and a host that answers it: by the kernel, or by ``wire``."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name = name
        stage = Stage()
        stack.callback(stage.end)
        self.client: Host = stage.host("client")
        self.host: Host = stage.host("host")

    def ask(self, kind: str, family: str, seconds: float) -> Any:
        """What the one that asks has found."""
        program = [sys.executable, str(HERE / "layer2_load.py"), kind, family, str(seconds)]
        return json.loads(self.client.run("taskset", "-c", ASKING, *program))


def kernel(stack: ExitStack) -> Subject:
    """The addresses on the host's interface."""
    subject = Subject("the kernel, addresses on the interface", stack)
    lines = [f"address add {address}/32 dev rack1" for address in ADDRESSES["ipv4"]]
    lines += [f"address add {address}/128 dev rack1 nodad" for address in ADDRESSES["ipv6"]]
    command = ["ip", "-n", subject.host.namespace, "-batch", "-"]
    subprocess.run(command, input="\n".join(lines), text=True, check=True)
    return subject


def wire(stack: ExitStack) -> tuple[Subject, Link]:
    """The addresses answered by ``wire``."""
    subject = Subject("wire", stack)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    prefix = [*subject.host.prefix, "taskset", "-c", ANSWERING]
    process = Wire(folder, prefix, realtime_priority=PRIORITY)
    stack.callback(process.end)
    process.start()
    link = process.link()
    link.full()
    return subject, link


def settle(link: Link) -> None:
    """Waits until the rounds of announcements are over."""
    before = -1
    while before != (now := sum(one["gratuitous"] for one in link.ask("status")["status"]["layer2"].values())):
        before = now
        time.sleep(ROUND)


def takeover(subject: Subject, link: Link) -> float:
    """Milliseconds from the message to the last address's first announcement."""
    link.full()
    listen = [*subject.client.prefix, "taskset", "-c", ASKING, sys.executable, str(HERE / "layer2_listen.py")]
    with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None and listener.stdout.readline() == "ready\n"
        began = time.time()
        link.delta(layer2=LAYER2)
        return (float(listener.stdout.readline()) - began) * 1000


def measure(subjects: list[Subject], runs: int, seconds: float) -> list[dict[str, Any]]:
    """Answers a second and the times of answers, idle and overloaded."""
    found: dict[str, dict[str, list[float]]] = {}

    def note(name: str, subject: Subject, value: float) -> None:
        found.setdefault(name, {}).setdefault(subject.name, []).append(value)
        say(f"{name}: {subject.name} {value:.3f}")

    for protocol, family in PROTOCOLS.items():
        for _unused in range(runs):
            for subject in subjects:
                note(f"{protocol}_replies_per_s", subject, subject.ask("flood", family, seconds))
                note(f"{protocol}_p99_idle_ms", subject, percentile(subject.ask("pace", family, seconds), 0.99))
    with load():
        for protocol, family in PROTOCOLS.items():
            for _unused in range(runs):
                for subject in subjects:
                    note(f"{protocol}_replies_per_s_overloaded", subject, subject.ask("flood", family, seconds))
                    value = percentile(subject.ask("pace", family, seconds), 0.99)
                    note(f"{protocol}_p99_overloaded_ms", subject, value)
    ours, theirs = subjects
    return [
        row(name, by[ours.name], "/s" if "replies" in name else "ms", (theirs.name, by[theirs.name]))
        for name, by in found.items()
    ]


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    runs, seconds = (1, 2.0) if given.quick else (3, 5.0)
    take_priority()
    with ExitStack() as stack:
        ours, link = wire(stack)
        takeovers = [takeover(ours, link) for _unused in range(2 if given.quick else 7)]
        say(f"take-over: {takeovers}")
        link.full(layer2=LAYER2)
        settle(link)
        rows = measure([ours, kernel(stack)], runs, seconds)
    rows.append(row("takeover_2k_ms", takeovers, "ms"))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
