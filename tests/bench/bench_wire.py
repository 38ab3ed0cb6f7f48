# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the link of ``wire`` to the table of a real FRR, beside FRR's own ``network`` statements in the same run.

Two namespaces; the router's bgpd is the same for both speakers, one after the other. 10 000 prefixes are 5 000 of each
family, on one IPv4 session. A prefix counts once bgpd shows it as accepted; it is asked every half millisecond.
Everything that takes part, both FRRs too, has the same real-time priority, so that other work shows less.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from interop.frr import Frr, Vty  # noqa: E402
from interop.stage import Host, Stage  # noqa: E402
from measurements import row  # noqa: E402
from processes import Link, Wire  # noqa: E402

COUNT = 10_000
SINGLES = 21
BULKS = 5
FAMILIES = ("ipv4", "ipv6")
ROUTER_ASN, NODE_ASN = 64500, 64512
PATIENCE = 60.0  # seconds after which a measurement has failed


def prefixes(first: int, count: int) -> dict[str, list[str]]:
    """Host prefixes, half of them of each family."""
    numbers = range(first, first + count // 2)
    return {
        "ipv4": [f"100.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}/32" for n in numbers],
        "ipv6": [f"2001:db8:1::{n:x}/128" for n in numbers],
    }


def flat(found: dict[str, list[str]]) -> list[str]:
    """All prefixes, the families in turn."""
    return [prefix for pair in zip(found["ipv4"], found["ipv6"]) for prefix in pair]


def wait(true: Callable[[], bool], what: str) -> None:
    """Asks every half millisecond."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.0005)


def configure(vty: Vty, asn: int, neighbour: str, remote_asn: int, passive: bool) -> None:
    """One session for both families."""
    vty.configure(
        f"""
        router bgp {asn}
        no bgp ebgp-requires-policy
        no bgp default ipv4-unicast
        no bgp network import-check
        neighbor {neighbour} remote-as {remote_asn}
        neighbor {neighbour} timers 3 9
        neighbor {neighbour} timers connect 1
        {f"neighbor {neighbour} passive" if passive else ""}
        address-family ipv4 unicast
        neighbor {neighbour} activate
        neighbor {neighbour} maximum-prefix 100000
        exit-address-family
        address-family ipv6 unicast
        neighbor {neighbour} activate
        exit-address-family
        """
    )


class Router:
    """The router's bgpd and what it accepted from the node."""

    def __init__(self, frr: Frr, node: Host) -> None:
        self.frr = frr
        self.node = node

    def accepted(self) -> int:
        """Prefixes of both families."""
        info = self.frr.neighbour(self.node.ipv4).get("addressFamilyInfo", {})
        return sum(info.get(f"{family}Unicast", {}).get("acceptedPrefixCounter", 0) for family in FAMILIES)

    def wait_for(self, count: int, last: str | None = None) -> None:
        """Waits until so many are accepted; asks for the ``last`` alone at first, which keeps bgpd less busy."""
        if last is not None:
            self.wait_for_route(last)
        wait(lambda: self.accepted() == count, f"{count} prefixes")

    def wait_for_route(self, prefix: str) -> None:
        """Waits until one prefix is there."""
        family = "ipv6" if ":" in prefix else "ipv4"
        command = f"show bgp {family} unicast {prefix} json"
        wait(lambda: '"paths"' in self.frr.vty.run(command), prefix)


def milliseconds(act: Callable[[], None], done: Callable[[], None]) -> float:
    """How long it takes from the start of ``act`` to the end of ``done``."""
    begun = time.perf_counter()
    act()
    done()
    return (time.perf_counter() - begun) * 1000


def resident(pid: int) -> float:
    """MiB that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} is gone")


def measure_wire(router: Router, router_host: Host, wire: Wire) -> dict[str, list[float]]:
    """Singles at COUNT prefixes, bulks of COUNT, MiB at COUNT."""
    link: Link = wire.link()
    node = router.node
    peer = {
        "local_asn": NODE_ASN,
        "peer_asn": ROUTER_ASN,
        "address": router_host.ipv4,
        "source_address": node.ipv4,
        "router_id": node.ipv4,
        "hold_time": 9,
        "keepalive_time": 3,
        "connect_retry": 1,
        "families": list(FAMILIES),
        "next_hop": {"ipv4": node.ipv4, "ipv6": node.ipv6},
    }
    path = [{"peers": ["router"], "communities": [f"{NODE_ASN}:100"]}]
    routes = dict.fromkeys(flat(prefixes(0, COUNT)), path)
    link.full(peers={"router": peer})
    wait(lambda: link.session("router")["state"] == "Established", "the session of wire")
    bulks, singles = [], []
    *_unused, last = routes

    def everything() -> None:
        link.full(peers={"router": peer}, routes=routes)

    for _unused in range(BULKS):
        bulks.append(milliseconds(everything, lambda: router.wait_for(COUNT, last)))
        assert wire.process is not None
        held = resident(wire.process.pid)
        if len(bulks) < BULKS:
            link.full(peers={"router": peer})
            router.wait_for(0)
    for prefix in flat(prefixes(COUNT, SINGLES + 1))[:SINGLES]:

        def add(prefix: str = prefix) -> None:
            link.delta(routes={prefix: path})

        def seen(prefix: str = prefix) -> None:
            router.wait_for_route(prefix)

        singles.append(milliseconds(add, seen))
        time.sleep(0.02)
    return {"single": singles, "bulk": bulks, "rss": [held]}


def measure_frr(router: Router, router_host: Host, speaker: Frr) -> dict[str, list[float]]:
    """The same with ``network`` statements of a second bgpd."""
    configure(speaker.vty, NODE_ASN, router_host.ipv4, ROUTER_ASN, passive=False)

    def networks(found: dict[str, list[str]], word: str = "network") -> None:
        speaker.vty.run("configure terminal")
        speaker.vty.run(f"router bgp {NODE_ASN}")
        for family in FAMILIES:
            speaker.vty.run(f"address-family {family} unicast")
            for prefix in found[family]:
                speaker.vty.run(f"{word} {prefix}")
            speaker.vty.run("exit-address-family")
        speaker.vty.run("end")

    established = '"bgpState":"Established"'
    command = f"show bgp neighbors {router.node.ipv4} json"
    wait(lambda: established in router.frr.vty.run(command).replace(" ", ""), "the session of FRR")
    bulks, singles = [], []
    everything = prefixes(0, COUNT)
    last = everything["ipv6"][-1]
    for _unused in range(BULKS):
        bulks.append(milliseconds(lambda: networks(everything), lambda: router.wait_for(COUNT, last)))
        if len(bulks) < BULKS:
            networks(everything, "no network")
            router.wait_for(0)
    for prefix in flat(prefixes(COUNT, SINGLES + 1))[:SINGLES]:
        one = {family: [prefix] if (":" in prefix) == (family == "ipv6") else [] for family in FAMILIES}

        def add(one: dict[str, list[str]] = one) -> None:
            networks(one)

        def seen(prefix: str = prefix) -> None:
            router.wait_for_route(prefix)

        singles.append(milliseconds(add, seen))
        time.sleep(0.02)
    return {"single": singles, "bulk": bulks, "rss": [resident(speaker.pid)]}


def take_priority() -> None:
    """SCHED_RR for this process and all that it starts."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError as error:
        print(f"no real-time priority ({error.strerror}): expect other work to show", file=sys.stderr)


def run(root: Path) -> list[dict[str, Any]]:
    """The rows of wire."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stage = Stage()
        stack.callback(stage.end)
        router_host, node = stage.host("router"), stage.host("node")
        frr = Frr(root, router_host.namespace, folder / "router")
        stack.callback(frr.end)
        configure(frr.vty, ROUTER_ASN, node.ipv4, NODE_ASN, passive=True)
        router = Router(frr, node)
        with ExitStack() as ours:
            wire = Wire(folder / "wire", node.prefix, realtime_priority=1)
            ours.callback(wire.end)
            wire.start()
            found = measure_wire(router, router_host, wire)
        router.wait_for(0)
        speaker = Frr(root, node.namespace, folder / "speaker")
        stack.callback(speaker.end)
        beside = measure_frr(router, router_host, speaker)
    return [
        row("wire_add_one_at_10k_ms", found["single"], "ms", ("FRR, network statement", beside["single"])),
        row("wire_add_10k_ms", found["bulk"], "ms", ("FRR, network statements", beside["bulk"])),
        row("wire_rss_mib", found["rss"], "MiB", ("FRR, bgpd alone", beside["rss"])),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="root file system with FRR, as the lab builds them")
    options = parser.parse_args()
    take_priority()
    print(json.dumps(run(options.root), indent=2))
