# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab tool: what it builds, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from driver import ROOT, TOKEN
from processes import until

from dualstack.plan.build import make

pytestmark = [pytest.mark.root, pytest.mark.lab]

INTENT = """
cluster:
  name: tiny
  families: [ipv4, ipv6]
  pods: [10.244.0.0/16, "fd00:10:244::/56"]
  services: [10.96.0.0/16, "fd00:10:96::/112"]
fabric:
  node_asn: 64512
  loopbacks: [10.0.0.0/24, "2001:db8:dc::/64"]
  links_from: [172.16.0.0/24, "2001:db8:ff::/64"]
  racks: {rack1: {network: [10.0.1.0/24, "2001:db8:dc:1::/64"], routers: [tor1]}}
pools: [{name: edge, blocks: [10.0.1.200-10.0.1.219, "2001:db8:dc:1::200-2001:db8:dc:1::21f"]}]
advertise: [{pools: [edge], layer2: {}}]
services: [{name: registry, pool: edge, port: 80, addresses: [10.0.1.200, "2001:db8:dc:1::200"]}]
"""
HOSTS: dict[str, dict[str, Any]] = {
    "routers": {"tor1": {"asn": 64500, "network": ["198.51.100.0/24", "2001:db8:c1::/64"]}},
    "nodes": {"node1": {"racks": {"rack1": ["10.0.1.11", "2001:db8:dc:1::11"]}}},
    "clients": {"client46": {"behind": "tor1", "addresses": ["198.51.100.20", "2001:db8:c1::20"]}},
}
TINY, BESIDE, KILLED, INTERRUPTED, AGAIN, BAD = (
    f"{name}-{TOKEN}" for name in ("tiny", "beside", "killed", "interrupted", "again", "bad")
)
VIPS = ("10.0.1.200", "2001:db8:dc:1::200")
FAMILIES = pytest.mark.parametrize("vip", VIPS, ids=("ipv4", "ipv6"))


def written_plan(folder: Path, intent: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> Path:
    plan, findings = make(intent, hosts)
    assert plan is not None, findings
    path = folder / "plan.yml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def tool(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "molecule" / "lab"), *arguments]


def lab(*arguments: str) -> str:
    done = subprocess.run(tool(*arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def fails(*arguments: str) -> str:
    done = subprocess.run(tool(*arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def traces(name: str) -> list[str]:
    """Everything on the machine that is of the lab: namespaces, mounts, cgroups, processes, files."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    groups = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", f"dslab-{name}-*"], capture_output=True, text=True, check=True
    )
    found = [line for line in mounts if f"/labs/{name}/" in line or f"/dslab.{name}." in line]
    found += [str(path) for path in Path("/run").glob(f"dslab-{name}-*")]
    found += [str(path) for path in Path("/run/netns").glob(f"dslab.{name}.*")]
    found += groups.stdout.split()
    found += [str(path) for path in (cache() / "labs").glob(f"{name}/**")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(encoding="utf-8", errors="replace")
            group = (process / "cgroup").read_text(encoding="utf-8")
        except OSError:
            continue
        if int(process.name) != os.getpid() and (f"/labs/{name}/" in words or f"/dslab-{name}-" in group) and words:
            found.append(f"process {process.name}: {words}")
    return found


def cache() -> Path:
    return Path(os.environ.get("BAREMETAL_DUALSTACK_CACHE") or Path.home() / ".cache" / "baremetal-dualstack")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_plan(tmp_path_factory.mktemp("plan"), yaml.safe_load(INTENT), HOSTS)


@pytest.fixture(scope="module")
def tiny(plan: Path) -> Iterator[str]:
    """A lab of one router, one node and one client."""
    lab("create", TINY, "--plan", str(plan), "--suite", "node1=trixie")
    yield TINY
    lab("destroy", TINY)
    assert traces(TINY) == []


def on(name: str, host: str, *command: str) -> str:
    return lab("exec", name, host, "--", *command)


def reach(name: str, host: str, address: str) -> None:
    """One answer to a ping, within half a minute."""
    on(name, host, "ping", "-c1", "-w30", address)


def served(name: str, host: str, url: str, answer: str) -> None:
    """What a host fetches is ``answer``: a service that systemd has started, or told to reload, may not listen yet."""
    words = tool("exec", name, host, "--", "curl", "-gsm20", url)

    def got() -> str:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout

    until(lambda: got() == answer, f"{answer!r} from {url}")


def test_its_share_of_the_processors_is_that_of_as_many_processes_as_it_has_hosts(tiny: str) -> None:
    found = {
        name: {
            int(path.read_text(encoding="utf-8")) for path in Path("/sys/fs/cgroup").glob(f"**/dslab-{tiny}-*/{name}")
        }
        for name in ("cpu.shares", "cpu.weight")
    }
    assert found in ({"cpu.shares": {3 * 1024}, "cpu.weight": set()}, {"cpu.shares": set(), "cpu.weight": {3 * 100}})


def test_hosts_have_the_planned_addresses_and_routes(tiny: str) -> None:
    links = json.loads(on(tiny, "tor1", "ip", "-json", "address"))
    addresses = {link["ifname"]: {a["local"] for a in link["addr_info"] if a["scope"] == "global"} for link in links}
    assert {"10.0.1.1", "2001:db8:dc:1::1"} <= addresses["rack1"]
    assert {"198.51.100.1", "2001:db8:c1::1"} <= addresses["tor1-lan"]
    for address in ("10.0.1.1", "2001:db8:dc:1::1", "198.51.100.1", "2001:db8:c1::1"):
        host = "node1" if "10.0.1." in address or ":dc:" in address else "client46"
        reach(tiny, host, address)
    assert "via 10.0.1.1 dev rack1" in on(tiny, "node1", "ip", "-4", "route", "show", "default")
    assert "via 2001:db8:dc:1::1 dev rack1" in on(tiny, "node1", "ip", "-6", "route", "show", "default")
    assert "via 198.51.100.1" in on(tiny, "client46", "ip", "-4", "route", "show", "default")
    assert "via 2001:db8:c1::1" in on(tiny, "client46", "ip", "-6", "route", "show", "default")


def test_hosts_are_real(tiny: str) -> None:
    for host in ("tor1", "node1"):
        assert on(tiny, host, "systemctl", "is-system-running").strip() == "running"
        assert on(tiny, host, "hostname").strip() == host
        assert "disabled" in on(tiny, host, "sh", "-c", "systemctl is-enabled frr; true")
    assert "version 8.4" in on(tiny, "tor1", "/usr/lib/frr/bgpd", "--version")
    assert "version 10." in on(tiny, "node1", "/usr/lib/frr/bgpd", "--version")
    assert on(tiny, "tor1", "cat", "/etc/machine-id") != on(tiny, "node1", "cat", "/etc/machine-id")


def test_ansible_reaches_every_host(tiny: str) -> None:
    ansible = Path(sys.executable).with_name("ansible")
    command = [str(ansible), "-i", lab("inventory", tiny).strip(), "all", "-m", "ansible.builtin.ping", "-o"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "ANSIBLE_FORCE_COLOR": "0"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == 3


@FAMILIES
def test_the_kernel_does_not_answer_for_a_vip(tiny: str, vip: str) -> None:
    """Nor for one that no service has: the whole pool is silent until a speaker answers."""
    own = "2001:db8:dc:1::11" if ":" in vip else "10.0.1.11"

    def ask(address: str) -> int:
        words = (
            ["ndisc6", "-1", "-r2", "-w500", address, "rack1"]
            if ":" in vip
            else ["arping", "-c2", "-I", "rack1", address]
        )
        return subprocess.run(tool("exec", tiny, "tor1", "--", *words), capture_output=True, check=False).returncode

    until(lambda: ask(own) == 0, "an answer for the node's own address")
    assert ask(vip) != 0


@FAMILIES
def test_the_backend_answers_where_the_vip_arrives(tiny: str, vip: str) -> None:
    route = [vip, "via", "2001:db8:dc:1::11" if ":" in vip else "10.0.1.11"]
    url = f"http://[{vip}]/" if ":" in vip else f"http://{vip}/"
    on(tiny, "tor1", "ip", "route", "add", *route)
    try:
        served(tiny, "tor1", url, f"node=node1\nservice=default/registry\nvip={vip}\n")
        on(tiny, "node1", "systemctl", "stop", "lab-backend")
        assert fails_inside(tiny, "tor1", "curl", "-gsm5", url)
    finally:
        on(tiny, "node1", "systemctl", "start", "lab-backend")
        on(tiny, "tor1", "ip", "route", "del", *route)


def fails_inside(name: str, host: str, *command: str) -> bool:
    return subprocess.run(tool("exec", name, host, "--", *command), capture_output=True, check=False).returncode != 0


def test_reboot(tiny: str) -> None:
    pid = status(tiny)["hosts"]["node1"]["pid"]
    lab("reboot", tiny, "node1")
    assert status(tiny)["hosts"]["node1"]["pid"] not in (None, pid)
    assert on(tiny, "node1", "systemctl", "is-system-running").strip() == "running"
    reach(tiny, "node1", "2001:db8:dc:1::1")


def test_power_off_and_on(tiny: str) -> None:
    """What was in memory is gone, the network's configuration too; what is in files is there."""
    before = status(tiny)["hosts"]
    on(tiny, "node1", "ip", "link", "add", "made0", "type", "bridge")
    on(tiny, "node1", "sh", "-c", "echo kept > /etc/kept; echo gone > /run/gone")
    lab("stop", tiny, "node1")
    off = status(tiny)["hosts"]
    assert off["node1"]["pid"] is None
    assert off["tor1"]["pid"] == before["tor1"]["pid"]
    lab("stop", tiny)
    assert {host["pid"] for host in status(tiny)["hosts"].values()} == {None}
    lab("start", tiny)
    assert on(tiny, "node1", "cat", "/etc/kept").strip() == "kept"
    assert fails_inside(tiny, "node1", "cat", "/run/gone")
    assert fails_inside(tiny, "node1", "ip", "link", "show", "made0")
    for address in ("10.0.1.1", "2001:db8:dc:1::1", "198.51.100.1", "2001:db8:c1::1"):
        reach(tiny, "node1" if "10.0.1." in address or ":dc:" in address else "client46", address)
    assert "via 2001:db8:dc:1::1 dev rack1" in on(tiny, "node1", "ip", "-6", "route", "show", "default")
    assert on(tiny, "node1", "systemctl", "is-system-running").strip() == "running"


def status(name: str) -> dict[str, Any]:
    return dict(json.loads(lab("status", name)))


def test_update_touches_only_what_changed(tiny: str, plan: Path, tmp_path: Path) -> None:
    """A node and a pool come and go again beside a running node."""
    intent = yaml.safe_load(INTENT)
    intent["pools"].append({"name": "more", "blocks": ["192.168.100.0/24", "2001:db8:1::/64"]})
    intent["advertise"].append({"pools": ["more"], "bgp": {}})
    intent["services"].append(
        {"name": "shop", "pool": "more", "port": 8080, "addresses": ["192.168.100.1", "2001:db8:1::1"]}
    )
    hosts = {**HOSTS, "nodes": {**HOSTS["nodes"], "node2": {"racks": {"rack1": ["10.0.1.12", "2001:db8:dc:1::12"]}}}}
    links = on(tiny, "node1", "ip", "-br", "link")
    backend = on(tiny, "node1", "systemctl", "show", "-P", "MainPID", "lab-backend")
    pids = {name: host["pid"] for name, host in status(tiny)["hosts"].items()}

    lab("update", tiny, "--plan", str(written_plan(tmp_path, intent, hosts)))
    for address in ("10.0.1.12", "2001:db8:dc:1::12"):
        reach(tiny, "node1", address)
    for url, vip in (("http://192.168.100.1:8080", "192.168.100.1"), ("http://[2001:db8:1::1]:8080", "2001:db8:1::1")):
        for node in ("node1", "node2"):
            served(tiny, node, url, f"node={node}\nservice=default/shop\nvip={vip}\n")
    assert on(tiny, "node1", "ip", "-br", "link") == links
    assert on(tiny, "node1", "systemctl", "show", "-P", "MainPID", "lab-backend") == backend
    now = status(tiny)["hosts"]
    assert {name: now[name]["pid"] for name in pids} == pids

    lab("update", tiny, "--plan", str(plan))
    assert set(status(tiny)["hosts"]) == set(pids)
    assert fails_inside(tiny, "node1", "curl", "-gsm5", "http://[2001:db8:1::1]:8080")
    assert "192.168.100" not in on(tiny, "node1", "ip", "-4", "route", "show", "table", "local")
    assert "2001:db8:1:" not in on(tiny, "node1", "ip", "-6", "route", "show", "table", "local")
    assert not any("node2" in trace for trace in traces(tiny))


def test_a_second_lab_does_not_disturb_the_first(tiny: str, plan: Path) -> None:
    """The same plan, so the same addresses everywhere."""
    before = status(tiny)
    lab("create", BESIDE, "--plan", str(plan))
    try:
        for name in (tiny, BESIDE):
            reach(name, "client46", "2001:db8:c1::1")
            reach(name, "client46", "198.51.100.1")
        on(BESIDE, "node1", "touch", "/only-here")
        assert fails_inside(tiny, "node1", "test", "-e", "/only-here")
    finally:
        lab("destroy", BESIDE)
    assert traces(BESIDE) == []
    assert status(tiny) == before
    reach(tiny, "client46", "198.51.100.1")


@pytest.mark.parametrize("moment", ["a namespace", "a console"])
def test_destroy_clears_what_a_killed_create_left(plan: Path, moment: str) -> None:
    process = started_until(KILLED, plan, moment)
    process.kill()
    process.wait()
    assert traces(KILLED) != []
    lab("destroy", KILLED)
    assert traces(KILLED) == []


def test_an_interrupted_create_leaves_nothing(plan: Path) -> None:
    process = started_until(INTERRUPTED, plan, "a console")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert traces(INTERRUPTED) == []


def test_create_replaces_what_is_there(plan: Path) -> None:
    process = started_until(AGAIN, plan, "a namespace")
    process.kill()
    process.wait()
    try:
        lab("create", AGAIN, "--plan", str(plan))
        assert on(AGAIN, "tor1", "systemctl", "is-system-running").strip() == "running"
    finally:
        lab("destroy", AGAIN)
    assert traces(AGAIN) == []


def started_until(name: str, plan: Path, moment: str) -> subprocess.Popen[bytes]:
    """A create that is running, stopped in the very moment when the thing has come up."""
    lab("roots")
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *tool("create", name, "--plan", str(plan))],  # jobs of a shell ignore it
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    folder, pattern = {
        "a namespace": (Path("/run/netns"), f"dslab.{name}.*"),
        "a console": (cache() / "labs" / name, "hosts/*/console.log"),
    }[moment]
    deadline = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert process.poll() is None and time.monotonic() < deadline, f"{moment} never came"
        time.sleep(0.001)
    return process


def test_bad_input_is_an_error_that_says_what_to_do(plan: Path, tmp_path: Path) -> None:
    assert "lab name 'Not a name'" in fails("create", "Not a name", "--plan", str(plan))
    assert "the plan has no host nobody" in fails("create", BAD, "--plan", str(plan), "--suite", "nobody=trixie")
    assert "HOST=SUITE" in fails("create", BAD, "--plan", str(plan), "--suite", "node1=sid")
    assert f"there is no lab '{BAD}'" in fails("exec", BAD, "node1", "--", "true")
    (tmp_path / "plan.yml").write_text("{version: 1}", encoding="utf-8")
    assert "is not a plan" in fails("create", BAD, "--plan", str(tmp_path / "plan.yml"))
    assert traces(BAD) == []
