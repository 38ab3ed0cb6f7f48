# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components of a running cluster: drift is foreseen and put back, and what does not come up goes back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from driver import PLAYBOOK, ROOT
from processes import until
from real_cluster import RealCluster

pytestmark = [pytest.mark.root, pytest.mark.lab]

MANIFESTS = "/etc/kubernetes/manifests"
API_SERVER = f"{MANIFESTS}/kube-apiserver.yaml"
CONTROLLERS = f"{MANIFESTS}/kube-controller-manager.yaml"
KUBELET_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
BEGINS = "kube-controller-manager"
UNIT_FILE = f"/etc/systemd/system/{BEGINS}.service"


class Components:
    """Modules and roles on the hosts of the cluster."""

    def __init__(self, scene: RealCluster, folder: Path) -> None:
        self.scene, self.folder = scene, folder
        self.plan = scene.plan()
        self.first = scene.control_plane
        self.worker = next(name for name, node in self.plan["nodes"].items() if not node["kubernetes"]["control_plane"])

    def pair(self, key: str) -> str:
        """``pods`` or ``services`` of the cluster, as flags have them."""
        cluster = self.plan["cluster"]
        return ",".join(cluster[key][family] for family in cluster["families"])

    def roles(self, *words: str) -> list[tuple[str, str]]:
        """What ``site.yml --tags components`` changes, by task and host; it must succeed."""
        changed = self.scene.site("--tags", "components", *words).changed
        return [(task.split(" : ")[-1], host) for task, host in changed if " : Bring " in task]

    def module(self, host: str, name: str, **given: Any) -> dict[str, Any]:
        """What a module returns, failed or not."""
        play = [
            {
                "hosts": host,
                "gather_facts": False,
                "tasks": [
                    {f"baremetal.dualstack.{name}": given, "ignore_errors": True, "register": "outcome"},
                    {"ansible.builtin.debug": {"var": "outcome"}},
                ],
            }
        ]
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump(play), encoding="utf-8")
        command = [str(PLAYBOOK), "-i", self.scene.lab("inventory").strip(), str(path)]
        environment = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
        tasks = json.loads(done.stdout[done.stdout.index("{\n") :])["plays"][0]["tasks"]
        outcome: dict[str, Any] = tasks[-1]["hosts"][host]["outcome"]
        return outcome

    def read(self, host: str, path: str) -> str:
        """A file of a host."""
        return self.scene.on(host, "cat", path)

    def edit(self, host: str, path: str, expression: str) -> None:
        """A change by hand, which must change something."""
        before = self.read(host, path)
        self.scene.on(host, "sed", "-i", expression, path)
        assert self.read(host, path) != before

    def configuration(self) -> dict[str, Any]:
        """The ClusterConfiguration that kubeadm keeps."""
        (held,) = self.scene.objects("configmap", "--namespace=kube-system", "kubeadm-config")
        found: dict[str, Any] = yaml.safe_load(held["data"]["ClusterConfiguration"])
        return found


@pytest.fixture(scope="module")
def components(scene: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> Components:
    """The cluster; each test leaves nothing to do."""
    return Components(scene, tmp_path_factory.mktemp("components"))


@pytest.mark.soak
def test_a_family_that_the_components_lack_is_foreseen_and_added(components: Components) -> None:
    """The flags of one family, with its mask, and a comment; the cluster takes the second one while it runs."""
    both, one = components.pair("services"), components.pair("services").split(",")[0]
    components.edit(components.first, API_SERVER, f"s|={both}.*|={one}  # of a person|")
    pods = components.pair("pods")
    components.edit(components.worker, KUBELET_FLAGS, 's|--node-ip=\\([^,]*\\),[^ "]*|--node-ip=\\1|')
    components.scene.on(components.worker, "systemctl", "restart", "kubelet")
    alone = f"pgrep -f '[k]ube-apiserver .*-ip-range={one}( |$)' || true"
    until(lambda: components.scene.on(components.first, "sh", "-c", alone), "the API server has the one range", 240)
    until(components.scene.ready, "the API server answers", 240)
    predicted = components.roles("--check")
    assert predicted == [
        ("Bring kube-apiserver to the plan", components.first),
        ("Bring the kubelet to the plan", components.worker),
    ]
    assert components.roles() == predicted
    assert f"    - --service-cluster-ip-range={both}  # of a person\n" in components.read(components.first, API_SERVER)
    (node,) = components.scene.objects("node", components.worker)
    found = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
    assert found == components.plan["nodes"][components.worker]["kubernetes"]["node_ip"]
    assert components.configuration()["networking"]["podSubnet"] == pods
    assert components.roles() == []


def test_an_api_server_that_does_not_start_gets_its_old_flags_back(components: Components) -> None:
    before = components.read(components.first, API_SERVER)
    outcome = components.module(
        components.first, "kube_component", component="kube-apiserver", flags={"no-such-flag": "1"}
    )
    assert outcome["failed"] and outcome["rolled_back"]
    assert "does not come up: it has ended" in outcome["msg"]
    assert "Error: unknown flag: --no-such-flag" in outcome["msg"]
    assert "it is up again" in outcome["msg"]
    assert components.read(components.first, API_SERVER) == before
    assert components.scene.kubectl("get", "--raw", "/readyz") == "ok"
    assert sorted(components.scene.on(components.first, "ls", MANIFESTS).split()) == [
        *("etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml")
    ]


@pytest.mark.soak
def test_controllers_that_end_only_when_they_lead_get_their_old_flags_back(components: Components) -> None:
    """A part of a node larger than the whole pod CIDR: healthy until it leads (kubernetes/kubernetes#102698)."""
    before = components.read(components.first, CONTROLLERS)
    family = "ipv4" if "." in components.pair("pods").split(",")[0] else "ipv6"
    given = {"component": BEGINS, "flags": {f"node-cidr-mask-size-{family}": "8"}}
    outcome = components.module(components.first, "kube_component", **given)
    assert outcome["failed"] and outcome["rolled_back"]
    assert "mask size of cluster CIDR must be less than or equal" in outcome["msg"]
    assert components.read(components.first, CONTROLLERS) == before


def swapped(cidrs: list[str]) -> list[str]:
    return cidrs[::-1]


def another(cidrs: list[str]) -> list[str]:
    """A first CIDR that is half of the one that runs."""
    return [cidrs[0].replace("/16", "/17"), cidrs[1]]


@pytest.mark.soak
@pytest.mark.parametrize("planned", [slice(None, None, -1), slice(1)], ids=["swapped", "one-family"])
def test_ranges_of_a_running_cluster_stay(components: Components, planned: slice) -> None:
    """Nothing is tried: neither component is started with them, and kubeadm-config stays too."""
    before = components.configuration()
    for name, flag, key in (
        ("kube-apiserver", "service-cluster-ip-range", "services"),
        (BEGINS, "cluster-cidr", "pods"),
    ):
        text = components.read(components.first, f"{MANIFESTS}/{name}.yaml")
        wanted = ",".join(components.pair(key).split(",")[planned])
        outcome = components.module(components.first, "kube_component", component=name, flags={flag: wanted})
        assert outcome["failed"] and not outcome["rolled_back"] and "Nothing was written" in outcome["msg"]
        assert components.read(components.first, f"{MANIFESTS}/{name}.yaml") == text
    document = {"name": "kubeadm-config", "key": "ClusterConfiguration", "fields": {"networking.podSubnet": wanted}}
    outcome = components.module(components.first, "kube_configmap", documents=[document])
    assert outcome["failed"] and "networking.podSubnet is" in outcome["msg"]
    assert components.configuration() == before


@pytest.mark.soak
@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])
@pytest.mark.parametrize("misstated", [swapped, another], ids=["swapped", "another"])
def test_ranges_that_do_not_fit_touch_no_host(
    components: Components, misstated: Callable[[list[str]], list[str]], mode: list[str]
) -> None:
    """``site.yml`` ends in its preflight, before routers, kernels and the pod network."""
    inventory = yaml.safe_load(components.scene.inventory.read_text(encoding="utf-8"))
    intent = inventory["all"]["vars"]["dualstack"]
    cluster = intent["cluster"]
    for key in ("pods", "services"):
        cluster[key] = misstated(cluster[key])
    cluster["families"] = ["ipv6" if ":" in each else "ipv4" for each in cluster["pods"]]
    given = {"dualstack": intent, "dualstack_artifacts": str(components.folder / "misstated")}
    done = components.scene.playbook("site", "-e", json.dumps(given), *mode)
    assert done.code != 0
    assert [each for each in done.changed if each[1] != "localhost"] == []
    (failure,) = done.failures()
    assert failure.startswith("Judge all hosts at once on ") and "No host was touched" in failure
    assert "host-ranges" in failure and "kube-apiserver" in failure and "kube-controller-manager" in failure


@pytest.mark.soak
def test_an_address_that_the_node_has_not_is_noticed_though_the_kubelet_runs(components: Components) -> None:
    node_ip = components.plan["nodes"][components.worker]["kubernetes"]["node_ip"]
    wanted = [node_ip[0], "2001:db8:dead::1" if ":" in node_ip[1] else "192.0.2.99"]
    before = components.read(components.worker, KUBELET_FLAGS)
    given = {"component": "kubelet", "node": components.worker, "flags": {"node-ip": ",".join(wanted)}, "timeout": 30}
    outcome = components.module(components.worker, "kube_component", addresses=wanted, **given)
    assert outcome["failed"] and outcome["rolled_back"]
    assert (
        f"and not {', '.join(wanted)}" in outcome["msg"]
        and "not found in the host's network interfaces" in outcome["msg"]
    )
    assert components.read(components.worker, KUBELET_FLAGS) == before


@pytest.mark.soak
def test_a_proxy_that_does_not_start_gets_its_old_configuration_back(components: Components) -> None:
    """A mode that kube-proxy does not know; the other nodes' pods are not even touched."""
    where = {"name": "kube-proxy", "key": "config.conf"}
    given = {"daemonset": "kube-proxy", "families": components.plan["cluster"]["families"]}
    outcome = components.module(
        components.first, "kube_configmap", documents=[{**where, "fields": {"mode": "fast"}}], **given
    )
    assert outcome["failed"] and outcome["rolled_back"]
    assert "The document is as before, and all pods are up again" in outcome["msg"]
    (held,) = components.scene.objects("configmap", "--namespace=kube-system", "kube-proxy")
    assert "baremetal.dualstack/before" not in held["metadata"].get("annotations", {})


@pytest.mark.soak
def test_another_mode_of_the_proxies_is_put_back_by_a_rollout(components: Components) -> None:
    where = {"name": "kube-proxy", "key": "config.conf"}
    done = components.module(components.first, "kube_configmap", documents=[{**where, "fields": {"mode": "iptables"}}])
    assert done["changed"] and not done["rolled_out"]
    assert components.roles("--check") == [("Bring kube-proxy's ConfigMap to the plan", components.first)]
    assert components.roles() == [("Bring kube-proxy's ConfigMap to the plan", components.first)]
    (daemonset,) = components.scene.objects("daemonset", "--namespace=kube-system", "kube-proxy")
    assert daemonset["status"]["updatedNumberScheduled"] == len(components.plan["nodes"])


def test_nothing_of_the_proxies_is_changed_while_a_node_lacks_a_family(components: Components) -> None:
    """kube-proxy looks at the addresses of its Node when it starts."""
    components.scene.kubectl(
        "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "bare"}})
    )
    try:
        given = {"documents": [{"name": "kube-proxy", "key": "config.conf", "fields": {"mode": "iptables"}}]}
        outcome = components.module(
            components.first, "kube_configmap", daemonset="kube-proxy", families=["ipv6"], **given
        )
        assert (
            outcome["failed"]
            and "bare has no IPv6 InternalIP; run the role kubelet on these nodes first" in outcome["msg"]
        )
    finally:
        components.scene.kubectl("delete", "node", "bare")


@pytest.mark.soak
def test_a_run_that_was_cut_is_finished_by_the_next_one(components: Components) -> None:
    """As a run leaves it that wrote the note and the file, and then lost its host: the way back is still known."""
    before = components.read(components.first, API_SERVER)
    note = json.dumps({API_SERVER: before})
    notes = "/var/lib/dualstack-components/kube-apiserver.json"
    components.scene.on(
        components.first, "sh", "-c", f"umask 77; mkdir -p $(dirname {notes}); cat > {notes} <<'E'\n{note}\nE"
    )
    components.edit(components.first, API_SERVER, "s|- kube-apiserver$|&\\n    - --no-such-flag=1|")
    outcome = components.module(
        components.first, "kube_component", component="kube-apiserver", flags={"no-such-flag": "1"}, timeout=30
    )
    assert outcome["failed"] and outcome["rolled_back"]
    assert components.read(components.first, API_SERVER) == before
    assert "kube-apiserver.json" not in components.scene.on(components.first, "ls", "/var/lib/dualstack-components")


@pytest.mark.soak
def test_a_component_of_a_unit_is_edited_in_its_files_and_gets_them_back(components: Components) -> None:
    """kube-controller-manager without kubeadm: continued lines, a variable, a comment, the old mask."""
    flags = [line.strip()[2:] for line in components.read(components.first, CONTROLLERS).splitlines() if "- --" in line]
    ranges = ("--cluster-cidr", "--service-cluster-ip-range", "--node-cidr-mask-size")
    kept = [flag for flag in flags if not flag.startswith(ranges)]
    pods, services = components.pair("pods"), components.pair("services")
    command = " \\\n  ".join([f"/usr/local/bin/{BEGINS}", *kept, "# of pods", f"--cluster-cidr={pods}", "$RANGES"])
    unit = f"[Service]\nEnvironmentFile=-/etc/default/{BEGINS}\nExecStart={command}\nRestart=on-failure\nRestartSec=1\n"
    unit = unit.replace("# of pods \\", "# of pods")
    version = components.plan["cluster"]["kubernetes"]
    image = f"{version['image_repository']}/{BEGINS}:v{version['version']}"
    on = components.scene.on
    try:
        on(
            *(components.first, "sh", "-ec"),
            f"mkdir -p /run/image; ctr -n k8s.io images mount {image} /run/image;"
            f"cp /run/image/usr/local/bin/{BEGINS} /usr/local/bin/; umount /run/image;"
            f"mv {CONTROLLERS} /root/; cat > {UNIT_FILE} <<'E'\n{unit}E\n"
            f"echo 'RANGES=--service-cluster-ip-range={services}' > /etc/default/{BEGINS};"
            f"while pgrep -f '^{BEGINS} ' > /dev/null; do sleep 0.2; done;"
            f"systemctl daemon-reload; systemctl start {BEGINS}",
        )
        given: dict[str, Any] = {"component": BEGINS, "unit": f"{BEGINS}.service"}
        masks = {"node-cidr-mask-size-ipv4": "24", "node-cidr-mask-size-ipv6": "64"}
        wanted = {"cluster-cidr": pods, "service-cluster-ip-range": services, **masks}
        done = components.module(
            components.first, "kube_component", flags=wanted, absent=["node-cidr-mask-size"], **given
        )
        assert done["changed"] and done["files"] == [UNIT_FILE]
        assert "  # of pods\n" in components.read(components.first, UNIT_FILE)
        told = components.module(components.first, "host_facts")["host"]["components"][BEGINS]
        assert told == {"flags": {"cluster-cidr": pods, "service-cluster-ip-range": services}, "problem": ""}
        again = components.module(
            components.first, "kube_component", flags=wanted, absent=["node-cidr-mask-size"], **given
        )
        assert not again["changed"] and not again.get("failed")
        before = components.read(components.first, UNIT_FILE)
        outcome = components.module(components.first, "kube_component", flags={"no-such-flag": "1"}, **given)
        assert outcome["failed"] and outcome["rolled_back"] and "unknown flag: --no-such-flag" in outcome["msg"]
        assert components.read(components.first, UNIT_FILE) == before
        assert on(components.first, "systemctl", "is-active", BEGINS).strip() == "active"
    finally:
        kept = f"/root/{BEGINS}.yaml"
        on(
            *(components.first, "sh", "-ec"),
            f"systemctl stop {BEGINS} || true; rm -f {UNIT_FILE}; systemctl daemon-reload;"
            f"[ ! -e {kept} ] || mv {kept} {MANIFESTS}",
        )


@pytest.mark.soak
def test_what_a_failed_test_leaves_is_put_back(components: Components) -> None:
    """What ``heal`` is for: a flag that forbids the start and that nobody planned, and files that are gone."""
    components.edit(components.first, API_SERVER, "s|- kube-apiserver$|&\\n    - --no-such-flag=1|")
    components.scene.on(components.first, "mv", CONTROLLERS, "/etc/kubernetes/admin.conf", "/root/")
    components.scene.on(components.worker, "rm", KUBELET_FLAGS)
    components.scene.heal()
    assert "no-such-flag" not in components.read(components.first, API_SERVER)
    assert components.scene.site().changed == []
