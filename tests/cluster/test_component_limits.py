# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-apiserver, kube-controller-manager, kubelet and kube-proxy themselves on flags: ours, and those of mistakes.

The programs are started and ended as soon as they took their flags or ended by themselves. What a program takes
without a word although it fails later is refused by our rules all the same, and stands here as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from cluster import pki
from cluster.control_plane import ControlPlane
from cluster.daemons import Daemon, Port
from cluster.kubelets import Kubelet
from cluster.verdicts import Verdict, asked, program, started, written
from own_clusters import errors, in_order, intent_of, plan_of
from processes import until
from wide_intents import ORDERS, Intent

from dualstack.components import kubelet, proxy, ranges
from dualstack.components.flags import owned

Edit = Callable[[Intent], None]
DUAL, TURNED, FOUR, SIX = ORDERS
ALL = pytest.mark.parametrize("families", ORDERS, ids="-".join)
GATE = "unrecognized feature gate: IPv6DualStack"


class Mistake(NamedTuple):
    """Flags beside ours, and what an intent says that would lead to them. ``words``: the program's; "": it goes on.

    ``rule``: ours; None: we take it as well.
    """

    name: str
    families: tuple[str, ...]
    flags: Mapping[str, str]
    words: str
    intent: Edit
    rule: str | None


def stated(key: str, *value: str, **kubernetes: Any) -> Edit:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"][key] = list(value)
        intent[0]["cluster"]["kubernetes"].update(kubernetes)

    return edit


def lengths(key: str, value: list[str], **given: int) -> Edit:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"].update({key: value, "node_cidr_lengths": given})

    return edit


def asking(component: str, name: str, value: str) -> Edit:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"]["kubernetes"]["arguments"] = {component: {name: value}}

    return edit


def addresses(*value: str) -> Edit:
    def edit(intent: Intent) -> None:
        intent[1]["nodes"]["n11"]["racks"]["r1"] = list(value)

    return edit


def outside(*value: str) -> Edit:
    """A node that stands in no rack of the intent."""

    def edit(intent: Intent) -> None:
        intent[1]["nodes"]["n13"] = {"addresses": list(value)}

    return edit


def held(mistake: Mistake, found: Verdict) -> None:
    """The program's verdict and ours are those of the mistake."""
    assert found.accepted == (not mistake.words), found.words
    assert mistake.words in found.words
    intent = intent_of(mistake.families)
    assert errors(intent) == set()
    mistake.intent(intent)
    assert errors(intent) == set() if mistake.rule is None else mistake.rule in errors(intent)


def words(flags: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


class ApiServer:
    """kube-apiserver with an etcd that is not there: it looks for it once it took its flags."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = folder / "accounts.key"
        pki.write_key(self._key)

    def judge(self, flags: Mapping[str, str]) -> Verdict:
        port = Port("127.0.0.1")  # nobody listens there
        base = {
            "etcd-servers": f"http://127.0.0.1:{port.number}",
            "cert-dir": str(self._folder),
            "bind-address": "127.0.0.1",
            "secure-port": str(port.number),
            "permit-port-sharing": "true",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": str(self._key),
            "service-account-signing-key-file": str(self._key),
        }
        try:
            command = [program("kube-apiserver"), *words({**base, **flags})]
            return started(command, "addrConn.createTransport failed", self._folder / "apiserver.log")
        finally:
            port.free()


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    return ApiServer(tmp_path_factory.mktemp("apiserver"))


@ALL
def test_kube_apiserver_takes_our_flags(api_server: ApiServer, families: tuple[str, ...]) -> None:
    ours = owned(plan_of(families), "n11", "kube-apiserver")
    found = api_server.judge(ours.flags)
    assert found.accepted, found.words


RANGE, ADVERTISE = "service-cluster-ip-range", "advertise-address"
SERVICES4, SERVICES6 = "10.96.0.0/16", "fd00:96::/112"
OF_API_SERVER = [
    Mistake("two-of-one-family", DUAL, {RANGE: "10.96.0.0/16,10.97.0.0/16"}, "must be of different IP family",
            stated("services", "10.96.0.0/16", "10.97.0.0/16"), "family-twice"),
    Mistake("three", DUAL, {RANGE: f"{SERVICES4},{SERVICES6},10.97.0.0/16"}, "must not contain more than two entries",
            stated("services", SERVICES4, SERVICES6, "10.97.0.0/16"), "family-twice"),
    Mistake("ipv4-advertised", TURNED, {ADVERTISE: "10.1.1.11"}, "must match public address family",
            addresses("10.1.1.11"), "advertise-family"),
    Mistake("ipv6-advertised", DUAL, {ADVERTISE: "fd00:1:1::11"}, "must match public address family",
            addresses("fd00:1:1::11"), "advertise-family"),
    Mistake("small-primary", DUAL, {RANGE: f"10.96.0.0/30,{SERVICES6}"}, "must be at least 8 IP addresses",
            stated("services", "10.96.0.0/30", SERVICES6), "service-cidr-small"),
    Mistake("small-primary", TURNED, {RANGE: f"fd00:96::/126,{SERVICES4}"}, "must be at least 8 IP addresses",
            stated("services", "fd00:96::/126", SERVICES4), "service-cidr-small"),
    Mistake("small-secondary", DUAL, {RANGE: f"{SERVICES4},fd00:96::/126"}, "",
            stated("services", SERVICES4, "fd00:96::/126"), "service-cidr-small"),
    Mistake("range-is-full", DUAL, {RANGE: f"{SERVICES4},fd00:96::/48"}, "",
            stated("services", SERVICES4, "fd00:96::/48", run_by="systemd"), "service-cidr-large"),
    Mistake("large-for-kubeadm", DUAL, {RANGE: f"{SERVICES4},fd00:96::/64"}, "",
            stated("services", SERVICES4, "fd00:96::/64"), "service-cidr-large"),
    Mistake("large", DUAL, {RANGE: f"{SERVICES4},fd00:96::/64"}, "",
            stated("services", SERVICES4, "fd00:96::/64", run_by="systemd"), None),
    Mistake("large", DUAL, {RANGE: f"44.0.0.0/8,{SERVICES6}"}, "",
            stated("services", "44.0.0.0/8", SERVICES6, run_by="systemd"), None),
    Mistake("host-bits", DUAL, {RANGE: f"10.96.0.5/16,{SERVICES6}"}, "",
            stated("services", "10.96.0.5/16", SERVICES6), "address-syntax"),
    Mistake("gate", DUAL, {"feature-gates": "IPv6DualStack=true"}, GATE,
            asking("kube-apiserver", "feature-gates", "IPv6DualStack=true"), "argument-owned"),
]  # fmt: skip


def test_kube_apiserver_wants_no_blank(api_server: ApiServer) -> None:
    """An intent has a list; what we write has no blank in it."""
    ours = owned(plan_of(DUAL), "n11", "kube-apiserver").flags
    found = api_server.judge({**ours, RANGE: ours[RANGE].replace(",", ", ")})
    assert not found.accepted
    assert "is not an ip net" in found.words


def named(mistake: Mistake) -> str:
    return f"{mistake.name}-{'-'.join(mistake.families)}"


@pytest.mark.parametrize("mistake", OF_API_SERVER, ids=named)
def test_what_kube_apiserver_says(api_server: ApiServer, mistake: Mistake) -> None:
    ours = owned(plan_of(mistake.families), "n11", "kube-apiserver").flags
    held(mistake, api_server.judge({**ours, **mistake.flags}))


class ControllerManager:
    """kube-controller-manager with its one controller that divides pod CIDRs, on a real API server."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self._folder = folder
        self._base = {
            "kubeconfig": str(cluster.admin),
            "leader-elect": "false",
            "secure-port": "0",
            "controllers": "node-ipam-controller",
            "use-service-account-credentials": "false",
        }

    def _command(self, flags: Mapping[str, str]) -> list[str]:
        return [program("kube-controller-manager"), *words({**self._base, **flags})]

    def judge(self, flags: Mapping[str, str]) -> Verdict:
        return started(self._command(flags), "Starting ipam controller", self._folder / "controller-manager.log")

    def daemon(self, flags: Mapping[str, str]) -> Daemon:
        """The same, to go on running."""
        return Daemon(self._command(flags), self._folder / "running.log")


@pytest.fixture(scope="module")
def controller_manager(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> ControllerManager:
    return ControllerManager(cluster, tmp_path_factory.mktemp("controller-manager"))


@ALL
def test_kube_controller_manager_takes_our_flags(
    controller_manager: ControllerManager, families: tuple[str, ...]
) -> None:
    ours = owned(plan_of(families), "n11", "kube-controller-manager")
    found = controller_manager.judge(ours.flags)
    assert found.accepted, found.words


CIDR, MASK = "cluster-cidr", "node-cidr-mask-size"
PODS4, PODS6 = "10.128.0.0/16", "fd00:128::/48"
NOT_ALLOWED = "usage of --node-cidr-mask-size is not allowed with dual-stack clusters"
OF_CONTROLLER_MANAGER = [
    Mistake("one-mask", DUAL, {MASK: "24"}, NOT_ALLOWED,
            asking("kube-controller-manager", MASK, "24"), "argument-owned"),
    Mistake("other-mask", FOUR, {f"{MASK}-ipv6": "64"}, "node-cidr-mask-size-ipv6",
            asking("kube-controller-manager", f"{MASK}-ipv6", "64"), "argument-owned"),
    Mistake("other-mask", SIX, {f"{MASK}-ipv4": "24"}, "node-cidr-mask-size-ipv4",
            asking("kube-controller-manager", f"{MASK}-ipv4", "24"), "argument-owned"),
    Mistake("far", DUAL, {CIDR: f"{PODS4},fd00:128::/47"}, "the node CIDR size is too big",
            stated("pods", PODS4, "fd00:128::/47"), "node-mask-long"),
    Mistake("far-ipv4", DUAL, {CIDR: f"44.0.0.0/8,{PODS6}", f"{MASK}-ipv4": "25"}, "",
            lengths("pods", ["44.0.0.0/8", PODS6], ipv4=25), "node-mask-long"),
    Mistake("short", DUAL, {CIDR: f"{PODS4},fd00:128::/72"}, "mask size of cluster CIDR must be less than or equal",
            stated("pods", PODS4, "fd00:128::/72"), "node-mask-short"),
    Mistake("short", FOUR, {CIDR: "10.128.0.0/25"}, "mask size of cluster CIDR must be less than or equal",
            stated("pods", "10.128.0.0/25"), "node-mask-short"),
    Mistake("two-of-one-family", DUAL, {CIDR: f"{PODS4},10.129.0.0/16"}, "not configured as dual stack",
            stated("pods", PODS4, "10.129.0.0/16"), "family-twice"),
    Mistake("three", DUAL, {CIDR: f"{PODS4},{PODS6},10.129.0.0/16"}, "more than max allowed of 2",
            stated("pods", PODS4, PODS6, "10.129.0.0/16"), "family-twice"),
    Mistake("blank", DUAL, {CIDR: f"{PODS4}, {PODS6}"}, "invalid CIDR",
            stated("pods", f"{PODS4}, {PODS6}"), "address-syntax"),
    Mistake("pods-are-services", DUAL, {CIDR: f"{SERVICES4},{PODS6}"}, "",
            stated("pods", SERVICES4, PODS6), "overlap"),
    Mistake("opposite-order", DUAL, {CIDR: f"{PODS6},{PODS4}"}, "",
            stated("pods", PODS6, PODS4), None),  # a warning: what we write has the order of the families
    Mistake("gate", DUAL, {"feature-gates": "IPv6DualStack=true"}, GATE,
            asking("kube-controller-manager", "feature-gates", "IPv6DualStack=true"), "argument-owned"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", OF_CONTROLLER_MANAGER, ids=named)
def test_what_kube_controller_manager_says(controller_manager: ControllerManager, mistake: Mistake) -> None:
    ours = owned(plan_of(mistake.families), "n11", "kube-controller-manager").flags
    held(mistake, controller_manager.judge({**ours, **mistake.flags}))


@pytest.mark.parametrize("families", [DUAL, TURNED], ids="-".join)
def test_pod_cidrs_of_a_running_cluster_are_ours_to_keep(
    cluster: ControlPlane, controller_manager: ControllerManager, families: tuple[str, ...]
) -> None:
    """With a Node that has its parts, it ends where they are swapped, one is taken, or the first one is another."""
    ours = owned(plan_of(families), "n11", "kube-controller-manager").flags
    pods = ours[CIDR].split(",")
    other = "10.129.0.0/16" if families == DUAL else "fd00:129::/48"
    name = f"kept-{families[0]}"
    parts = {"ipv4": "10.128.1.0/24", "ipv6": "fd00:128:0:1::/64"}
    spec = {"podCIDR": parts[families[0]], "podCIDRs": [parts[family] for family in families]}
    cluster.api.create("/api/v1/nodes", {"metadata": {"name": name}, "spec": spec})
    try:
        assert controller_manager.judge(ours).accepted
        for planned, words in (
            (pods[::-1], "at idx [0] as occupied"),
            (pods[:1], "at index:1 that does not exist in cluster cidrs configuration"),
            ([other, pods[1]], "is out the range of cluster cidr"),
        ):
            absent = [] if len(planned) > 1 else [f"{MASK}-{families[1]}"]
            flags = {key: value for key, value in ours.items() if key not in absent}
            found = controller_manager.judge({**flags, CIDR: ",".join(planned)})
            assert not found.accepted and words in found.words, found.words
            with pytest.raises(ranges.RangeError):
                ranges.keep_flags([f"--{CIDR}={ours[CIDR]}"], {CIDR: ",".join(planned)})
    finally:
        cluster.api.delete(f"/api/v1/nodes/{name}")


@pytest.mark.parametrize(
    ("pods", "used_up"),
    [([PODS4, "fd00:128::/63"], "ipv6"), (["10.128.0.0/23", PODS6], "ipv4")],
    ids=["ipv6", "ipv4"],
)
def test_the_smaller_family_bounds_the_nodes(
    cluster: ControlPlane, controller_manager: ControllerManager, pods: list[str], used_up: str
) -> None:
    """It gives two of three nodes their parts, and the third one none, of either family; we count before."""
    ours = owned(plan_of(DUAL), "n11", "kube-controller-manager").flags
    manager = controller_manager.daemon({**ours, CIDR: ",".join(pods)})
    names = [f"{used_up}-{number}" for number in range(3)]

    def refused() -> bool:
        manager.check()
        events = cluster.api.get("/api/v1/events?fieldSelector=reason=CIDRNotAvailable")["items"]
        return any(event["involvedObject"]["name"] in names for event in events)

    def parts() -> list[int]:
        nodes = [cluster.api.get(f"/api/v1/nodes/{name}") for name in names]
        return sorted(len(node["spec"].get("podCIDRs", [])) for node in nodes)

    try:
        for name in names:
            cluster.api.create("/api/v1/nodes", {"metadata": {"name": name}})
        manager.start()
        until(refused, "a node gets no part")
        until(lambda: parts() == [0, 2, 2], "two nodes have both parts, the third one none")
    finally:
        manager.end()
        for name in names:
            cluster.api.delete(f"/api/v1/nodes/{name}")
    intent = intent_of(DUAL)
    stated("pods", *pods)(intent)
    assert "pod-cidr-small" in errors(intent)


@pytest.fixture(scope="module")
def node(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubelet]:
    """The kubelet of a node, beside a container runtime."""
    made = Kubelet(checkout, tmp_path_factory.mktemp("kubelet"))
    yield made
    made.end()


@ALL
@pytest.mark.root
def test_kubelet_takes_our_flags_and_fields(node: Kubelet, families: tuple[str, ...]) -> None:
    """All that it is told of addresses, and every field that the plan has, strictly read."""
    plan = plan_of(families, configuration={"kubelet": {"maxPods": 60}})
    found = node.judge(owned(plan, "n11", "kubelet").flags, **kubelet.fields(plan, "n11"))
    assert found.accepted and "ignoring them" not in found.words, found.words


NODE_IP, PROVIDER = "node-ip", "cloud-provider"
NODE4, NODE6 = "10.1.1.11", "fd00:1:1::11"
ONE_OR_PAIR = "must contain either a single IP or a dual-stack pair of IPs"
OF_KUBELET = [
    *[
        mistake
        for families in (DUAL, TURNED)
        for mistake in (
            Mistake("two-ipv4", families, {NODE_IP: f"{NODE4},10.1.1.14"}, ONE_OR_PAIR,
                    addresses(NODE4, "10.1.1.14"), "family-twice"),
            Mistake("two-ipv6", families, {NODE_IP: f"{NODE6},fd00:1:1::14"}, ONE_OR_PAIR,
                    addresses(NODE6, "fd00:1:1::14"), "family-twice"),
            Mistake("three", families, {NODE_IP: f"{NODE4},{NODE6},10.1.1.14"}, ONE_OR_PAIR,
                    addresses(NODE4, NODE6, "10.1.1.14"), "family-twice"),
            Mistake("ipv4-alone", families, {NODE_IP: NODE4}, "", addresses(NODE4), "family-missing"),
            Mistake("ipv6-alone", families, {NODE_IP: NODE6}, "", addresses(NODE6), "family-missing"),
            Mistake("aws", families, {PROVIDER: "aws"}, "dual-stack not supported in this configuration",
                    asking("kubelet", PROVIDER, "aws"), "cloud-provider"),
            Mistake("external", families, {PROVIDER: "external"}, "",
                    asking("kubelet", PROVIDER, "external"), "cloud-provider"),
        )
    ],
    Mistake("all-addresses", DUAL, {NODE_IP: "0.0.0.0,::"}, "dual-stack node IP cannot include '0.0.0.0' or '::'",
            outside("0.0.0.0", "::"), "address-unspecified"),
    Mistake("all-addresses", TURNED, {NODE_IP: "::,0.0.0.0"}, "dual-stack node IP cannot include '0.0.0.0' or '::'",
            outside("::", "0.0.0.0"), "address-unspecified"),
    Mistake("loopback", DUAL, {NODE_IP: "127.0.0.1,::1"}, "", outside("127.0.0.1", "::1"), "address-loopback"),
    Mistake("stated", DUAL, {NODE_IP: NODE4}, "", asking("kubelet", NODE_IP, NODE4), "argument-owned"),
]  # fmt: skip


@pytest.mark.root
@pytest.mark.parametrize("mistake", OF_KUBELET, ids=named)
def test_what_kubelet_says(node: Kubelet, mistake: Mistake) -> None:
    ours = owned(plan_of(mistake.families), "n11", "kubelet").flags
    held(mistake, node.judge({**ours, **mistake.flags}))


@pytest.mark.root
@pytest.mark.parametrize(
    ("families", "given"),
    [(DUAL, (NODE4, "fd00:1:1::zz")), (DUAL, ("10.1.1.256", NODE6)), (TURNED, ("fd00:1:1::zz", NODE4))],
    ids=["ipv6", "ipv4", "ipv6-first"],
)
def test_kubelet_leaves_out_half_a_pair(node: Kubelet, families: tuple[str, ...], given: tuple[str, str]) -> None:
    """It goes on with one address, and says so at a level that nobody reads."""
    found = node.judge({NODE_IP: ",".join(given)})
    assert "Could not parse some node IP(s), ignoring them" in found.words
    held(Mistake("half", families, {}, "", addresses(*given), "address-syntax"), found)


def test_kubelet_knows_the_gate_no_more() -> None:
    mistake = Mistake(
        "gate", DUAL, {}, GATE, asking("kubelet", "feature-gates", "IPv6DualStack=true"), "argument-owned"
    )
    held(mistake, asked([program("kubelet"), "--feature-gates=IPv6DualStack=true"]))


@ALL
def test_kube_proxy_reads_our_configuration(tmp_path: Path, families: tuple[str, ...]) -> None:
    """Strictly, with every field that we own; what it writes back is the same."""
    addresses = in_order(families, "10.1.0.0/16", "fd00:1::/32").split(",")
    plan = plan_of(families, 34, proxy={"mode": "ipvs", "node_port_addresses": addresses})
    ours = proxy.document(plan["cluster"])
    config, copy = written(tmp_path / "proxy.yaml", [ours]), tmp_path / "written.yaml"
    found = asked([program("kube-proxy"), "--config", str(config), "--write-config-to", str(copy)])
    assert found.accepted, found.words
    back = yaml.safe_load(copy.read_text(encoding="utf-8"))
    assert {name: back[name] for name in ours if name != "ipvs"} == {key: ours[key] for key in ours if key != "ipvs"}
    assert back["ipvs"]["strictARP"] is True
