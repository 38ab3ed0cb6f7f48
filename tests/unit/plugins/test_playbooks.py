# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as far as they go without a host: no inventory, a plan in short, secrets that are missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


def play(checkout: Path, folder: Path, name: str, *words: str) -> tuple[int, str]:
    """The exit status and the output of a playbook."""
    command = [
        str(PLAYBOOK),
        *words,
        "-e",
        f"dualstack_artifacts={folder}",
        str(checkout / "playbooks" / f"{name}.yml"),
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def demo(checkout: Path) -> list[str]:
    return ["-i", str(checkout / "examples" / "demo" / "inventory.yml")]


def test_every_playbook_is_found_by_the_name_that_the_manual_uses(checkout: Path, tmp_path: Path) -> None:
    """Ansible takes the last word of a name for a folder of playbooks/ first."""
    names = sorted(f"baremetal.dualstack.{path.stem}" for path in (checkout / "playbooks").glob("*.yml"))
    command = [str(PLAYBOOK), *demo(checkout), "--syntax-check", *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("playbook: ") == len(names) > 5


def test_without_an_inventory_the_run_says_so(checkout: Path, tmp_path: Path) -> None:
    status, said = play(checkout, tmp_path, "plan")
    assert status != 0 and "Was the inventory given (-i INVENTORY)" in said
    assert "missing-key" not in said and not list(tmp_path.iterdir())


def test_a_plan_is_shown_in_short(checkout: Path, tmp_path: Path) -> None:
    status, said = play(checkout, tmp_path, "plan", *demo(checkout))
    assert status == 0, said
    assert "of demo: 6 routers, 3 nodes, 3 clients" in said and "sessions: 8 of nodes, 10 between routers" in said
    assert "VIPs: 6 IPv4 (4 by BGP, 2 by layer 2), 6 IPv6 (4 by BGP, 2 by layer 2)" in said
    assert (tmp_path / "demo" / "plan.yml").exists()


def test_the_cluster_alone(checkout: Path, tmp_path: Path) -> None:
    """Step 4 of moving from MetalLB: no unit of a node or a controller that has the same host is touched."""
    groups = "\n".join(f"[{name}]\nnode1" for name in ("dualstack_kubernetes", "dualstack_controllers", "kube_node"))
    (tmp_path / "hosts.ini").write_text(f"{groups}\n[kube_control_plane]\nnode1\n[routers]\ntor1\n")
    status, said = play(checkout, tmp_path, "site", "-i", "hosts.ini", "--list-tasks", "--tags", "cluster")
    assert status == 0, said
    acting = [line for line in said.splitlines() if "TAGS: [" in line and "play #" not in line and "always" not in line]
    assert [line for line in acting if " : " not in line] == [line for line in acting if "Look for the mani" in line]
    acting = [line for line in acting if " : " in line]
    assert {line.split(" : ")[0].rpartition(".")[2] for line in acting} == {"metallb", "resources"}, said


@pytest.mark.parametrize(
    ("name", "words", "asked"),
    [
        ("validate", [], True),
        ("site", [], False),
        ("site", ["-e", "dualstack_prove=true"], True),
        ("site", ["-e", "dualstack_prove=true", "--check"], False),
    ],
    ids=["validate", "site", "prove", "check"],
)
def test_who_asks_for_evidence(name: str, words: list[str], asked: bool, checkout: Path, tmp_path: Path) -> None:
    status, said = play(checkout, tmp_path, name, *demo(checkout), *words, "--list-hosts")
    assert status == 0, said
    plays = [part for part in said.split("play #") if ": Evidence" in part.splitlines()[0]]
    assert len(plays) == 1 and ("client46" in plays[0], "br1" in plays[0]) == (asked, asked), said


@pytest.mark.parametrize("value", [None, "two words that nobody should see"])
def test_secrets_are_looked_for_before_any_host(value: str | None, checkout: Path, tmp_path: Path) -> None:
    """No host of the demo is there: a run that got that far would fail by not reaching one."""
    given = [] if value is None else ["-e", f'{{"dualstack_secrets": {{"bgp-auth": "{value}"}}}}']
    status, said = play(checkout, tmp_path, "site", *demo(checkout), *given)
    assert status != 0 and "No host was touched" in said and "PLAY [Routers]" not in said
    wrong = "was not given" if value is None else "has spaces or characters that are not ASCII"
    assert f"bgp-auth (br1, br2, isp1 and 6 more) {wrong}" in said
    assert value is None or value not in said


@pytest.mark.parametrize("told", [{}, {"metallb_source": "present"}, {"metallb_manifest": "metallb.yml"}])
def test_manifests_of_metallb_are_asked_for_before_any_host(
    told: dict[str, str], checkout: Path, tmp_path: Path
) -> None:
    """As a variable of the host with kubectl, which is not there: a run that gets that far does not reach it."""
    inventory = yaml.safe_load((checkout / "examples" / "small" / "inventory.yml").read_text(encoding="utf-8"))
    inventory["all"]["vars"]["dualstack"]["cluster"]["load_balancer"] = "metallb-frr-k8s"
    inventory["all"]["children"]["dualstack_kubernetes"] = {"hosts": {"kubectl.invalid": told}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    status, said = play(checkout, tmp_path, "site", "-i", "inventory.yml", "--tags", "metallb")
    assert status != 0
    refused = "No host was touched. metallb_manifest is missing for kubectl.invalid" in " ".join(said.split())
    assert refused == (not told), said
    assert ("PLAY [Cluster]" in said) == bool(told), said


def test_a_plan_is_held_against_the_running_cluster_before_any_host(checkout: Path, tmp_path: Path) -> None:
    """With the families swapped. This machine stands for all hosts: it has no address of theirs, which is told too."""
    inventory = yaml.safe_load((checkout / "examples" / "kubernetes" / "inventory.yml").read_text(encoding="utf-8"))
    cluster = inventory["all"]["vars"]["dualstack"]["cluster"]
    for component, flags in (
        ("kube-apiserver", {"service-cluster-ip-range": "services"}),
        ("kube-controller-manager", {"service-cluster-ip-range": "services", "cluster-cidr": "pods"}),
    ):
        told = [component, *(f"--{name}={','.join(cluster[key][::-1])}" for name, key in flags.items())]
        manifest = {"spec": {"containers": [{"name": component, "command": told}]}}
        (tmp_path / f"{component}.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
        inventory["all"]["vars"][f"{component.replace('-', '_')}_manifests"] = str(tmp_path)
    inventory["all"]["vars"] |= {"ansible_connection": "local", "ansible_become": False}
    inventory["all"]["vars"] |= {"ansible_python_interpreter": sys.executable}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    secrets = ["-e", '{"dualstack_secrets": {"bgp-auth": "a-password-of-the-test"}}']
    status, said = play(checkout, tmp_path, "cluster_convert", "-i", "inventory.yml", *secrets, "--check")
    assert status != 0 and "No host was touched" in said and "PLAY [Routers]" not in said, said
    assert "host-address" in said and "host-ranges" in said
    assert "family of a running cluster can't be swapped" in said
    assert f"= {','.join(cluster['pods'][::-1])}" in said


@pytest.mark.parametrize(
    ("name", "words", "refused"),
    [
        (
            "node_remove",
            ["dualstack_remove=nobody"],
            "dualstack_remove: no node of a cluster that kubeadm runs: nobody",
        ),
        ("node_remove", ["dualstack_remove=node1"], "To end a cluster, run the playbook cluster_reset"),
        ("node_remove", ["dualstack_remove=node3"], "Nothing was touched. node3 can't be reached."),
        ("cluster_reset", [], "Nothing was touched. To end a cluster with all that is in it, state its name"),
        ("cluster_reset", ["dualstack_reset=demo"], "It must be one of the intent"),
    ],
    ids=["nobody", "last", "away", "nameless", "misnamed"],
)
def test_who_is_not_removed_and_what_is_not_reset(
    name: str, words: list[str], refused: str, checkout: Path, tmp_path: Path
) -> None:
    """No host of the example is there; a run that wants to do something would go on with another play."""
    nowhere = ["-e", "ansible_host=127.0.0.1", "-e", "ansible_port=1"]
    given = [part for word in words for part in ("-e", word)]
    inventory = str(checkout / "examples" / "kubernetes" / "inventory.yml")
    status, said = play(checkout, tmp_path, name, "-i", inventory, *nowhere, *given)
    assert status != 0 and refused in " ".join(said.split()), said
    assert {"PLAY [Announce nothing more]", "PLAY [Drain]", "PLAY [Reset]"}.isdisjoint(
        re.findall(r"PLAY \[.*?\]", said)
    ), said


def test_what_an_image_is_built_from(checkout: Path, tmp_path: Path) -> None:
    """A Containerfile and the programs that it names, which run as they are; the second run writes nothing."""
    status, said = play(checkout, tmp_path, "image")
    assert status == 0 and f"podman build --tag NAME {tmp_path}/image" in said, said
    copied = re.search(r"^COPY (.*) /opt/dualstack/$", (tmp_path / "image" / "Containerfile").read_text(), re.MULTILINE)
    assert copied
    for name in copied[1].split():
        program = [sys.executable, "-I", str(tmp_path / "image" / name), "--help"]
        assert "usage" in subprocess.run(program, check=True, capture_output=True, text=True).stdout
    status, said = play(checkout, tmp_path, "image")
    assert status == 0 and "changed=0" in said
