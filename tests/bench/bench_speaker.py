# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 10 000 dual-stack Services (20 000 VIPs) cost ``speaker``: memory, a start, one more Service.

The speaker and a ``wire`` to hand everything to, on loopback, from the bundles that hosts get. The Services lie in
files of 500, as namespaces would have them. Memory is VmRSS after the start, some changes and some status requests.
One more Service: from the file to ``wire``, so with the time between two looks at the folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

import links  # noqa: E402
from machine import memory, options, wait  # noqa: E402
from measurements import row  # noqa: E402

sys.path.insert(0, str(links.make()))

from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import build  # noqa: E402

COUNT = 10_000
PER_FILE = 500
SINGLES = 5


def metallb(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of metallb.io."""
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    metadata = {"name": name, "namespace": "metallb-system"}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def configuration() -> list[dict[str, Any]]:
    """Two sessions, a pool and an advertisement."""
    peers = {"ipv4": ("127.0.0.1", "127.0.0.2"), "ipv6": ("::1", "::2")}
    return [
        metallb("IPAddressPool", "big", {"addresses": ["10.0.0.0/8", "2001:db8::/64"]}),
        metallb("BGPAdvertisement", "big", {"communities": ["64512:100"]}),
        *(
            metallb(
                "BGPPeer",
                family,
                {"myASN": 64512, "peerASN": 64500, "peerAddress": address, "sourceAddress": source, "peerPort": 1},
            )
            for family, (source, address) in peers.items()
        ),
    ]


def service(number: int) -> dict[str, Any]:
    """A Service as the API server shows it, apart from managed fields."""
    addresses = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", f"2001:db8::{number:x}"]
    labels = {"app": f"app-{number}", "team": f"team-{number % 40}"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": f"service-{number}",
            "namespace": f"space-{number // PER_FILE}",
            "labels": labels,
            "annotations": {"metallb.io/ip-allocated-from-pool": "big"},
        },
        "spec": {
            "type": "LoadBalancer",
            "ipFamilyPolicy": "RequireDualStack",
            "ipFamilies": ["IPv4", "IPv6"],
            "selector": labels,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 8443, "nodePort": 30000}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"} for address in addresses]}},
    }


class Bench:
    """A folder, a wire and a speaker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resources = folder / "resources"
        self.resources.mkdir()
        self.programs: dict[str, str] = {}
        for name in ("wire", "speaker"):
            bundle = build(str(links.CHECKOUT), name)
            (folder / bundle.name).write_bytes(bundle.content)
            self.programs[name] = str(folder / bundle.name)
        wire = {"socket": str(folder / "wire.sock"), "journal": str(folder / "wire.journal")}
        speaker = {
            "node": "node1",
            "router_id": "192.0.2.1",
            "resources": str(self.resources),
            "wire_socket": wire["socket"],
            "status_socket": str(folder / "status.sock"),
        }
        for name, content in (("wire", wire), ("speaker", speaker)):
            (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        self.write("configuration.json", configuration())
        for first in range(0, COUNT, PER_FILE):
            self.write(f"{first:05}.json", [service(number) for number in range(first, first + PER_FILE)])

    def write(self, name: str, content: Any) -> None:
        """A resource file, at once."""
        (self.resources / f".{name}").write_text(json.dumps(content), encoding="utf-8")
        os.replace(self.resources / f".{name}", self.resources / name)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """A daemon."""
        config = str(self.folder / f"{name}.json")
        command = [sys.executable, "-I", self.programs[name], name, "--config", config]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def vips(self) -> int:
        """How many VIPs the speaker has handed over, by its status."""
        command = [sys.executable, "-I", self.programs["speaker"], "status", "--json", "--config"]
        done = subprocess.run([*command, str(self.folder / "speaker.json")], capture_output=True, check=False)
        return sum(vip["reason"] == "noEstablishedSession" for vip in json.loads(done.stdout)["vips"])

    def journalled(self) -> int:
        """The size of wire's journal: it grows as soon as wire has taken something over."""
        try:
            return (self.folder / "wire.journal").stat().st_size
        except FileNotFoundError:
            return 0


def measure(folder: Path) -> list[dict[str, Any]]:
    """All rows."""
    bench = Bench(folder)
    wire = bench.start("wire")
    processes = [wire]
    try:
        wait((folder / "wire.sock").exists, "wire")
        before = bench.journalled()
        began = time.monotonic()
        speaker = bench.start("speaker")
        processes.append(speaker)
        wait(lambda: bench.journalled() > before + 20 * COUNT, "the whole state")
        started = time.monotonic() - began
        if bench.vips() != 2 * COUNT:
            raise RuntimeError("not every VIP was handed over")
        singles = []
        for number in range(COUNT, COUNT + SINGLES):
            before = bench.journalled()
            began = time.monotonic()
            bench.write(f"more-{number}.json", service(number))
            wait(lambda before=before: bench.journalled() != before, "one more")  # type: ignore[misc]
            singles.append(1000 * (time.monotonic() - began))
        for _unused in range(3):
            if bench.vips() != 2 * (COUNT + SINGLES):
                raise RuntimeError("not every VIP was handed over")
        return [
            row("speaker_rss_mib", [memory(speaker.pid, "VmRSS")], "MiB"),
            row("speaker_peak_rss_mib", [memory(speaker.pid, "VmHWM")], "MiB"),
            row("speaker_start_at_10k_ms", [1000 * started], "ms"),
            row("speaker_add_one_at_10k_ms", singles, "ms"),
        ]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Prints the rows."""
    options(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder))))


if __name__ == "__main__":
    main()
