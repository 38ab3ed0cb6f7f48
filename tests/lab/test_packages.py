# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role kube_packages with Debian packages, its default: apt itself on a booted host, from a repository with a key.

The programs are the real ones. Those of the next patch release are the same with its number in them, as that is all by
which a host knows them. They lie on the host: packages of a few lines that begin them are had in a moment.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from apt_repository import KEY, Repository
from cluster.building import VERSION, programs
from driver import ROOT, TOKEN, Fabric, Run
from lab import mirror, paths, roots
from real_cluster import EXAMPLE

from dualstack.plan.build import make

pytestmark = [pytest.mark.root, pytest.mark.lab]

NEXT, NOWHERE = "1.36.4", "1.36.9"
NAMES = ("kubeadm", "kubectl", "kubelet")
URL = f"{mirror.URL}/deb"
SOURCE = {"uris": URL, "suites": "/", "signed_by": f"{URL}/{KEY}"}
UNITS = {
    "kubelet": ("kubelet.service", "/usr/lib/systemd/system/kubelet.service"),
    "kubeadm": ("10-kubeadm.conf", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"),
}
DEPENDS = {"kubeadm": "cri-tools (>= 1.30.0)", "kubelet": "kubernetes-cni (>= 1.2.0), iptables, mount, util-linux"}
PLAY = {
    "gather_facts": False,
    "module_defaults": {"ansible.builtin.apt": {"update_cache_retries": 1}},
    "tasks": [
        {"name": "Install", "ansible.builtin.import_role": {"name": "baremetal.dualstack.kube_packages"}},
    ],
}


def of(version: str) -> dict[str, str]:
    return dict.fromkeys(NAMES, f"{version}-1.1")


class Host:
    """node1, which is bare and alone, beside a repository."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = plan()
        inventory = folder / "inventory.yml"  # without the example's variables: its packages come from elsewhere
        named = {"dualstack": {"cluster": {"name": self._plan["cluster"]["name"]}}}
        inventory.write_text(yaml.safe_dump({"all": {"vars": named}}), encoding="utf-8")
        self._lab = Fabric(f"packages-{TOKEN}", inventory, folder)

    def begin(self) -> None:
        """Boots it; its own sources of packages, which can't be reached, are taken away."""
        self._lab.plan_file.parent.mkdir(parents=True)
        self._lab.plan_file.write_text(yaml.safe_dump(self._plan), encoding="utf-8")
        self._lab.lab("create", "--plan", str(self._lab.plan_file))
        self.on("sh", "-c", "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")

    def end(self) -> None:
        self._lab.lab("destroy")

    @property
    def mirror(self) -> Path:
        """What is served to it."""
        return paths.labs() / self._lab.name / "mirror"

    @property
    def root(self) -> Path:
        """Its root file system."""
        return paths.labs() / self._lab.name / "hosts" / "node1" / "root"

    def on(self, *command: str) -> str:
        return self._lab.on("node1", *command)

    def run(self, version: str, *words: str) -> Run:
        """The role with a plan of that version, whatever comes out."""
        return self.runs({"node1": {"version": version}}, *words)

    def runs(self, wishes: Mapping[str, Mapping[str, Any]], *words: str) -> Run:
        """The role with each wish at once, by a name of its own for the host; one of them may ask apt."""
        [there] = yaml.safe_load(Path(self._lab.lab("inventory").strip()).read_text())["all"]["hosts"].values()
        hosts = {}
        for name, wish in wishes.items():
            planned = copy.deepcopy(self._plan)
            planned["cluster"]["kubernetes"]["version"] = wish["version"]
            variables = {"kube_packages_plan": planned, "kube_packages_node": "node1", "kube_packages_apt": SOURCE}
            hosts[name] = {**there, "kube_packages_restrict_oom_score_adj": True, **variables, **wish}
        inventory, plays = self._folder / "hosts.yml", self._folder / "packages.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        plays.write_text(yaml.safe_dump([PLAY | {"hosts": list(wishes)}]), encoding="utf-8")
        return self._lab.playbook(str(plays.with_suffix("")), "-i", str(inventory), *words)

    def installed(self) -> dict[str, str]:
        """The version of each package that is there."""
        form = "--showformat=${Package} ${Version} ${db:Status-Status}\n"
        found = [line.split() for line in self.on("dpkg-query", "--show", form).splitlines()]
        return {name: version for name, version, state in found if state == "installed" and name in NAMES}

    def held(self) -> list[str]:
        return sorted(self.on("apt-mark", "showhold").split())

    def bring(self, version: str) -> None:
        """To that version where it is at another one."""
        if self.installed() != of(version):
            self.run(version).require()


def plan() -> dict[str, Any]:
    """Of the example kubernetes its cluster, with one node."""
    everything = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["all"]
    intent, nodes = everything["vars"]["dualstack"], everything["children"]["kube_node"]["hosts"]
    network = intent["fabric"]["racks"]["rack1"]["network"]
    data = {"lab": True, "cluster": intent["cluster"], "fabric": {"racks": {"rack1": {"network": network}}}}
    hosts = {"nodes": {"node1": nodes["node1"]["dualstack_host"]}, "kube_control_plane": {"node1": None}}
    made, findings = make(data, hosts | {"kube_node": {"node1": None}})
    assert made is not None, findings
    return made


def fill(repository: Repository, root: Path) -> None:
    """Both versions, whose programs go below ``root``, with what the project's own packages need and bring besides."""
    plugin = roots.location("trixie", roots.KUBERNETES) / "usr/lib/cni/bridge"
    repository.add("kubernetes-cni", "1.8.0-1.1", {"/opt/cni/bin/bridge": plugin.read_bytes()})
    repository.add("cri-tools", "1.36.0-1.1", {"/usr/share/cri-tools/README.md": b"crictl is for people\n"})
    for name, path in programs(NAMES).items():
        content, files = path.read_bytes(), {}
        if name in UNITS:
            unit, place = UNITS[name]
            text = (ROOT / "roles" / "kube_packages" / "files" / unit).read_text(encoding="utf-8")
            files[place] = text.replace("/usr/local/bin", "/usr/bin").encode()
        for version in (VERSION, NEXT):
            real = f"/srv/v{version}/{name}"
            placed = root / real.lstrip("/")
            placed.parent.mkdir(parents=True, exist_ok=True)
            placed.write_bytes(content.replace(f"v{VERSION}".encode(), f"v{version}".encode()))
            placed.chmod(0o755)
            files[f"/usr/bin/{name}"] = f'#!/bin/sh\nexec {real} "$@"\n'.encode()
            repository.add(name, f"{version}-1.1", files, DEPENDS.get(name, ""))
    repository.publish()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The tests leave it at any version; whoever needs one brings it."""
    made = Host(tmp_path_factory.mktemp("packages"))
    try:
        made.begin()
        repository = Repository(made.mirror / "deb")
        try:
            fill(repository, made.root)
        finally:
            repository.end()
        yield made
    finally:
        made.end()


def test_a_bare_host_gets_the_planned_version_and_holds_it(host: Host) -> None:
    """Not the newest one. What a check foresees on a host without repository, key and programs is done."""
    foreseen = host.run(VERSION, "--check", "--diff").require().changed
    assert host.installed() == {}
    assert host.run(VERSION).require().changed == foreseen
    assert host.installed() == of(VERSION) and host.held() == list(NAMES)
    for name, words in {"kubelet": ["--version"], "kubeadm": ["version", "-o", "short"]}.items():
        assert host.on(f"/usr/bin/{name}", *words).split()[-1] == f"v{VERSION}"
    source = host.on("cat", "/etc/apt/sources.list.d/dualstack-kubernetes.sources")
    assert f"URIs: {URL}\n" in source and "Signed-By: /etc/apt/keyrings/dualstack-kubernetes" in source
    assert host.run(VERSION).require().changed == []


def test_what_packages_bring_is_theirs(host: Host) -> None:
    """Units of the packages, and plugins; of a plugin that only the distribution has there is a link."""
    host.bring(VERSION)
    told = host.on("systemctl", "show", "kubelet", "--property=FragmentPath,DropInPaths,UnitFileState").splitlines()
    assert told == [
        f"FragmentPath={UNITS['kubelet'][1]}",
        f"DropInPaths={UNITS['kubeadm'][1]}",
        "UnitFileState=enabled",
    ]
    assert host.on("dpkg-query", "--search", "/opt/cni/bin/bridge").startswith("kubernetes-cni:")
    assert host.on("readlink", "/opt/cni/bin/portmap").strip() == "/usr/lib/cni/portmap"
    assert "pause" in host.on("cat", "/etc/containerd/config.toml")
    assert host.on("systemctl", "is-active", "containerd").strip() == "active"


def test_what_can_not_be_had_is_told_with_the_fix_and_a_lost_hold_comes_back(host: Host) -> None:
    """A version that no repository has, and programs that are there in another version: of these nothing is touched."""
    host.bring(VERSION)
    host.on("apt-mark", "unhold", "kubelet")
    present = {"kube_packages_source": "present"}
    wishes = {
        "none": {"version": NOWHERE},
        "other": {"version": NEXT, **present},
        "same": {"version": VERSION, **present},
        "loose": {"version": VERSION},
    }
    run = host.runs(wishes)
    told = "\n".join(run.failures())
    assert len(run.failures()) == 2 and " on none: " in told and " on other: " in told, told
    assert f"apt did not bring kubeadm {NOWHERE}, kubectl {NOWHERE}, kubelet {NOWHERE}: " in told
    assert f"kubeadm {NEXT}-1.1, {VERSION}-1.1; " in told
    assert f"that has {NOWHERE} in kube_packages_apt, or state a version that is there" in told
    assert f"Kubernetes {NEXT} is planned, and here /usr/bin/kubeadm is {VERSION}, " in told
    assert [name for _task, name in run.changed if name != "none"] == ["loose"]
    assert host.installed() == of(VERSION) and host.held() == list(NAMES)


def test_a_repository_without_its_key_is_refused_by_apt_and_told(host: Host) -> None:
    host.bring(VERSION)
    unsigned = {"version": NEXT, "kube_packages_apt": {"uris": URL, "suites": "/"}}
    [told] = host.runs({"node1": unsigned}).failures()
    assert f"apt did not bring kubeadm {NEXT}" in told and "signature" in told, told
    assert "signed_by in kube_packages_apt" in told
    assert host.installed() == of(VERSION) and host.held() == list(NAMES)


def test_a_newer_plan_upgrades_in_spite_of_the_hold_and_holds_again(host: Host) -> None:
    host.bring(VERSION)
    foreseen = host.run(NEXT, "--check").require().changed
    assert foreseen and host.installed() == of(VERSION)
    assert host.run(NEXT).require().changed == foreseen
    assert host.installed() == of(NEXT) and host.held() == list(NAMES)
    assert host.on("kubelet", "--version").split()[-1] == f"v{NEXT}"
