# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long nobody answers for a layer-2 VIP when its owner is killed for good or cut off; what heartbeats cost.

Three nodes on a switch, with the heartbeats that the role configures (200 ms, three of them); a client asks for a VIP
of each family every 5 ms, by ARP and NDP. A sample is the longer one of both families, from the fault to the first
answer with another node's MAC. The client and all of ``wire`` have real-time priority. Beside it, what MetalLB 0.16
took on a like machine with the same probes (native mode, memberlist as it is configured by default).

Then the CPU that a ``wire`` takes to exchange heartbeats with 99 others, all played by one process, over both families.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from faults.probes import Probes, Record  # noqa: E402
from interop.nodes import KEY, PORT, VIP, Nodes  # noqa: E402
from interop.stage import Stage  # noqa: E402
from machine import PRIORITY, cpu, options, say, take_priority  # noqa: E402
from measurements import row  # noqa: E402
from processes import Wire, until  # noqa: E402

ASKED = {"arp": VIP["ipv4"], "ndp": VIP["ipv6"]}
MORE = 1.5  # seconds of probes after the take-over is known
MEASURED = 10.0  # seconds
OTHERS = 99
INTERVALS = (200, 100)  # milliseconds
METALLB = {"kill": 5.78, "link": 6.76}  # seconds, medians


def taken(record: Record, since: float, old: str) -> float:
    """Seconds from a moment to the first answer afterwards that tells another MAC."""
    for sent, answered, by in zip(record.sent, record.answered, record.by):
        if sent >= since and answered is not None and by != old:
            return answered - since
    raise RuntimeError("nobody took over")


def kill(nodes: Nodes) -> None:
    """The owner's wire is gone and stays away."""
    nodes.wires["node1"].stop(signal.SIGKILL)


def link(nodes: Nodes) -> None:
    """The owner is cut off."""
    nodes.unplug("node1")


def takeover(act: Callable[[Nodes], None]) -> float:
    """One take-over on nodes of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nodes = Nodes(folder, realtime_priority=PRIORITY)
        stack.callback(nodes.end)
        nodes.start()
        nodes.settled("node1")
        with Probes(nodes.client, ASKED) as probes:
            time.sleep(0.3 + os.urandom(1)[0] / 1000)  # at any moment between two heartbeats
            began = time.monotonic()
            act(nodes)
            nodes.settled("node2", "node2", "node3")
            time.sleep(MORE)
        old = nodes.hosts["node1"].mac
        return max(taken(record, began, old) for record in probes.records.values())


def cost(interval: int, seconds: float) -> float:
    """Hundredths of a core that heartbeats with all others take."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = Stage()
        stack.callback(stage.end)
        node, others = stage.host("node"), stage.host("others")
        addresses = [[f"10.0.1.{100 + n}", f"2001:db8:dc:1::{100 + n:x}"] for n in range(OTHERS)]
        lines = [
            f"address add {one}/{24 if '.' in one else '64'} dev rack1 {'' if '.' in one else 'nodad'}"
            for pair in addresses
            for one in pair
        ]
        subprocess.run(["ip", "-n", others.namespace, "-batch", "-"], input="\n".join(lines), text=True, check=True)
        key = folder / "key"
        key.write_text(KEY)
        key.chmod(0o600)
        beats = {"node": "node", "port": PORT, "key_file": str(key), "interval_ms": interval}
        wire = Wire(folder / "wire", node.prefix, realtime_priority=PRIORITY, heartbeat=beats)
        stack.callback(wire.end)
        wire.start()
        told = {"addresses": [[node.ipv4, node.ipv6], *addresses], "key": KEY, "port": PORT, "interval_ms": interval}
        crowd = subprocess.Popen(
            [*others.prefix, sys.executable, str(HERE / "crowd.py")], stdin=subprocess.PIPE, text=True
        )
        stack.callback(crowd.wait)
        stack.callback(crowd.kill)
        assert crowd.stdin is not None and wire.process is not None
        crowd.stdin.write(json.dumps(told) + "\n")
        crowd.stdin.flush()
        names = [f"other{n}" for n in range(OTHERS)]
        control = wire.link()
        control.full(nodes={name: {"addresses": pair, "ready": True} for name, pair in zip(names, addresses)})
        until(
            lambda: all(one["state"] == "alive" for one in control.ask("status")["status"]["nodes"].values()),
            "all alive",
        )
        time.sleep(1)
        before = cpu([wire.process.pid])
        time.sleep(seconds)
        spent = cpu([wire.process.pid]) - before
        nodes = control.ask("status")["status"]["nodes"].values()
        assert all(one["state"] == "alive" for one in nodes)
        assert "state=silent" not in wire.log.read_text()
        return 100 * spent / seconds


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    take_priority()
    rows: list[dict[str, Any]] = []
    everything = []
    for name, act in (("kill", kill), ("link", link)):
        samples = [takeover(act) for _unused in range(2 if given.quick else 7)]
        say(f"{name}: {[round(sample, 3) for sample in samples]}")
        everything += samples
        rows.append(row(f"layer2_takeover_{name}_s", samples, "s", ("MetalLB 0.16, another day", [METALLB[name]])))
    rows.insert(0, row("layer2_takeover_s", [max(everything)], "s"))
    for interval in INTERVALS:
        samples = [cost(interval, 3.0 if given.quick else MEASURED) for _unused in range(1 if given.quick else 3)]
        say(f"{interval} ms: {samples}")
        rows.append(row(f"heartbeats_100_nodes_{interval}ms_cpu_percent", samples, "%"))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
