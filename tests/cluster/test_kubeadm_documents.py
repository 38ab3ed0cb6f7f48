# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm itself on our documents: it takes them, makes of them the flags that we own, and refuses less than we do.

Nothing is installed: ``config validate`` and dry runs of phases in a folder of the test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from cluster import verdicts
from cluster.verdicts import TESTED, TOKEN, Verdict, asked, manifest_flags, written
from own_clusters import SECOND, errors, intent_of, plan_of
from wide_intents import ORDERS, Intent

from dualstack.components import field_names, kubeadm, kubelet, proxy
from dualstack.components.flags import owned
from dualstack.components.reading import with_port
from dualstack.components.versions import Version

Documents = list[dict[str, Any]]
DUAL = ("ipv4", "ipv6")
ALL = pytest.mark.parametrize("families", ORDERS, ids="-".join)


@pytest.fixture(scope="module")
def program() -> str:
    return verdicts.program("kubeadm")


def file(folder: Path, documents: Documents) -> str:
    """A file for the kubeadm that is tested; the version of the documents' API may be older than it is."""
    for document in documents:
        if document["kind"] == "ClusterConfiguration":
            document["kubernetesVersion"] = f"v{TESTED}"
        elif document["kind"] == "JoinConfiguration":
            document["discovery"]["bootstrapToken"].update(TOKEN)
    return str(written(folder / "kubeadm.yaml", documents))


def judge(program: str, folder: Path, documents: Documents) -> Verdict:
    return asked([program, "config", "validate", "--config", file(folder, documents)])


@ALL
@pytest.mark.parametrize("minor", [30, 36], ids=["v1beta3", "v1beta4"])
def test_kubeadm_takes_our_documents(program: str, tmp_path: Path, families: tuple[str, ...], minor: int) -> None:
    """Of a control plane that is alone, of several, of workers; strictly: an unknown field would be refused."""
    for control_planes in (1, 3):
        given: dict[str, Any] = {
            "certificate_names": ["api.example.net"],
            "arguments": {"kube-apiserver": {"v": "2"}, "etcd": {"unsafe-no-fsync": "true"}, "kubelet": {"v": "2"}},
            "configuration": {"kubelet": {"maxPods": 60}, "kube-proxy": {"conntrack": {"min": 0}}},
        }
        plan = plan_of(families, minor, control_planes, **given)
        for documents in (kubeadm.init(plan, "n11"), kubeadm.join(plan, SECOND)):
            found = judge(program, tmp_path, documents)
            assert found.accepted, found.words
            assert minor == 30 or "deprecated API spec" not in found.words
            assert "WARNING" not in found.words


@pytest.mark.parametrize("minor", [30, 36], ids=["v1beta3", "v1beta4"])
def test_kubeadm_takes_a_cluster_without_kube_proxy(program: str, tmp_path: Path, minor: int) -> None:
    plan = plan_of(DUAL, minor, proxy={"mode": "none"}, cni={"plugin": "cilium"})
    found = judge(program, tmp_path, kubeadm.init(plan, "n11"))
    assert found.accepted, found.words


def test_kubeadm_refuses_the_other_shape(program: str, tmp_path: Path) -> None:
    """Why the shape goes by the version: arguments of one version are not those of another."""
    documents = kubeadm.init(plan_of(DUAL, 30), "n11")
    for document in documents[:2]:
        document["apiVersion"] = "kubeadm.k8s.io/v1beta4"
    found = judge(program, tmp_path, documents)
    assert not found.accepted
    assert "cannot unmarshal" in found.words
    older = kubeadm.init(plan_of(DUAL, 21), "n11")
    assert "old API spec" in judge(program, tmp_path, older).words


@ALL
def test_kubeadm_makes_the_flags_that_we_own(program: str, tmp_path: Path, families: tuple[str, ...]) -> None:
    """Static pods, the kubelet's flags and kube-proxy's configuration, as kubeadm renders them of our documents."""
    plan = plan_of(families)
    config = file(tmp_path, kubeadm.init(plan, "n11"))
    for phase in (["control-plane", "all"], ["kubelet-start"]):
        command = [program, "init", "phase", *phase, "--config", config, "--dry-run"]
        made = asked(command, KUBEADM_INIT_DRYRUN_DIR=str(tmp_path))
        assert made.accepted, made.words
    for component in ("kube-apiserver", "kube-controller-manager"):
        flags, ours = manifest_flags(tmp_path / f"{component}.yaml"), owned(plan, "n11", component)
        assert {name: flags.get(name) for name in ours.flags} == dict(ours.flags)
        assert not set(flags) & {*ours.absent, "feature-gates"}
    kubelet = (tmp_path / "kubeadm-flags.env").read_text(encoding="utf-8")
    node_ip = owned(plan, "n11", "kubelet").flags["node-ip"]
    assert re.search(rf"--node-ip={re.escape(node_ip)}(?=[ \"])", kubelet), kubelet
    manifest = asked([program, "init", "phase", "addon", "kube-proxy", "--print-manifest", "--config", config])
    maps = [each for each in yaml.safe_load_all(manifest.words) if each and each["kind"] == "ConfigMap"]
    fields = yaml.safe_load(maps[0]["data"]["config.conf"])
    assert {name: fields[name] for name in proxy.fields(plan, "n11")} == proxy.fields(plan, "n11")


@pytest.mark.parametrize(
    "text",
    ["localhost:5000", "[2001:db8::1]:5000/k8s", "192.0.2.1:5000/a/b_c", "A.example/x--y/x__y", "k8s/a.b", "a_b"],
)
def test_kubeadm_takes_repositories_that_we_take(program: str, tmp_path: Path, text: str) -> None:
    documents = kubeadm.init(plan_of(DUAL, image_repository=text), "n11")
    found = judge(program, tmp_path, documents)
    assert found.accepted, found.words


DURATION = re.compile("(?!eviction(Soft|MaxPod)).*(Age|Frequency|Interval|Period|Timeout|CriticalPods)")
FIELDS = [
    (kubelet.KIND, field_names.KUBELET, "kubelet"),
    (proxy.KIND, field_names.PROXY, "kube-proxy"),
]


@pytest.mark.parametrize(("kind", "names", "component"), FIELDS, ids=["kubelet", "kube-proxy"])
def test_kubeadm_knows_the_fields_that_we_know(
    program: str, tmp_path: Path, kind: str, names: dict[str, int], component: str
) -> None:
    """Of its version each, and none that is only in a later one; what is no field is refused by both."""
    minor = Version.parse(TESTED).minor

    def verdict(given: Iterable[str]) -> Verdict:
        documents = kubeadm.init(plan_of(DUAL), "n11")
        [document] = [each for each in documents if each["kind"] == kind]
        document.update((name, "0s" if DURATION.fullmatch(name) else None) for name in given if name not in document)
        return judge(program, tmp_path, documents)

    there = {name for name, since in names.items() if since <= minor < field_names.GONE.get(name, minor + 1)}
    found = verdict(there)
    assert found.accepted, found.words
    for wrong in (*sorted({*names} - there), "maxpods", "nodeIP"):
        refused = verdict([wrong])
        assert not refused.accepted and f'unknown field "{wrong}"' in refused.words, (wrong, refused.words)
        intent = intent_of(DUAL, minor, configuration={component: {wrong: None}})
        assert errors(intent) == {"field-unknown"}


@ALL
def test_kubeadm_takes_names_and_fields_that_we_take(program: str, tmp_path: Path, families: tuple[str, ...]) -> None:
    """An endpoint that is an address, names of certificates, a long domain, a field of each type."""
    given: dict[str, Any] = {
        "endpoint": {"host": {"ipv4": "10.1.1.9", "ipv6": "FD00:1:1:0::9"}[families[0]]},
        "certificate_names": ["*.example.net", "1and1.x", "203.0.113.9", "2001:DB8::9", "b" * 63],
        "dns": {"domain": ".".join(["x" * 63] * 3)},
        "configuration": {
            "kubelet": {
                "maxPods": 60,
                "failSwapOn": False,
                "memoryThrottlingFactor": 0.75,
                "syncFrequency": "1h2.5m",
                "fileCheckFrequency": "0",
                "systemReserved": {"cpu": "500m", "memory": None},
                "enforceNodeAllocatable": ["pods"],
                "tlsCurvePreferences": [29],
                "registerWithTaints": [{"key": "x", "effect": "NoSchedule"}],
                "staticPodURLHeader": {"Accept": ["text/yaml"]},
                "address": "::",
            },
            "kube-proxy": {"bindAddress": "::", "detectLocalMode": "NodeCIDR", "metricsBindAddress": "[::1]:10249"},
        },
    }
    intent = intent_of(families, **given)
    assert errors(intent) == set()
    found = judge(program, tmp_path, kubeadm.init(plan_of(families, **given), "n11"))
    assert found.accepted, found.words


class Mistake(NamedTuple):
    """The same mistake in documents and in an intent. ``words``: kubeadm's; "" where it says nothing."""

    name: str
    families: tuple[str, ...]
    documents: Callable[[Documents], None]
    intent: Callable[[Intent], None]
    rule: str
    words: str


def cidr(key: str, value: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[0]["networking"][key] = value

    return edit


def stated(key: str, *value: str) -> Callable[[Intent], None]:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"][key] = list(value)

    return edit


def both(*edits: Callable[[Intent], None]) -> Callable[[Intent], None]:
    def edit(intent: Intent) -> None:
        for each in edits:
            each(intent)

    return edit


def asking(component: str, name: str, value: str) -> Callable[[Intent], None]:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"]["kubernetes"]["arguments"] = {component: {name: value}}

    return edit


def repository(text: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[0]["imageRepository"] = text

    return edit


def endpoint(text: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[0]["controlPlaneEndpoint"] = text

    return edit


def certificate_name(text: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[0]["apiServer"]["certSANs"].append(text)

    return edit


def field(kind: str, name: str, value: Any) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        [document] = [each for each in documents if each["kind"] == kind]
        document[name] = value

    return edit


def kubernetes(**given: Any) -> Callable[[Intent], None]:
    def edit(intent: Intent) -> None:
        intent[0]["cluster"]["kubernetes"].update(given)

    return edit


def mask_argument(documents: Documents) -> None:
    documents[0]["controllerManager"]["extraArgs"].append({"name": "node-cidr-mask-size", "value": "24"})


def no_flag(documents: Documents) -> None:
    documents[0]["controllerManager"]["extraArgs"].append({"name": "", "value": "1"})


def gate(documents: Documents) -> None:
    documents[0]["featureGates"] = {"IPv6DualStack": True}


def advertise(address: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[1]["localAPIEndpoint"]["advertiseAddress"] = address

    return edit


def node_ip(value: str) -> Callable[[Documents], None]:
    def edit(documents: Documents) -> None:
        documents[1]["nodeRegistration"]["kubeletExtraArgs"] = [{"name": "node-ip", "value": value}]

    return edit


def addresses(*value: str) -> Callable[[Intent], None]:
    def edit(intent: Intent) -> None:
        intent[1]["nodes"]["n11"]["racks"]["r1"] = list(value)

    return edit


def rack_of_zeros(intent: Intent) -> None:
    """The nodes of the documents that the project grew from: fd00::10 and so on."""
    intent[0]["fabric"]["racks"]["r1"]["network"][1] = "fd00::/64"
    for number, facts in enumerate(intent[1]["nodes"].values()):
        facts["racks"]["r1"][1] = f"fd00::1{number}"


LARGE, SMALL, FAR = "is too large", "is too small", "difference is greater than 16"
NO_ENDPOINT, NO_NAME, NO_TYPE = "must be a valid IP address or", "altname is not a valid IP address", "cannot unmarshal"
LONG_NAME = ".".join(["a" * 63] * 4)  # 255 characters
KIND = {"kubelet": kubelet.KIND, "kube-proxy": proxy.KIND}
SERVICES4, PODS4 = "10.96.0.0/16", "10.128.0.0/16"
MISTAKES = [
    *[
        Mistake(f"{name}-{key}", (family,), cidr(key, value), stated(where, value), rule, words)
        for name, family, key, where, value, rule, words in (
            ("large", "ipv4", "serviceSubnet", "services", "10.96.0.0/11", "service-cidr-large", LARGE),
            ("large", "ipv6", "serviceSubnet", "services", "fd00:96::/107", "service-cidr-large", LARGE),
            ("small", "ipv4", "serviceSubnet", "services", "10.96.0.0/29", "service-cidr-small", SMALL),
            ("small", "ipv6", "serviceSubnet", "services", "fd00:96::/125", "service-cidr-small", SMALL),
            ("far", "ipv6", "podSubnet", "pods", "fd00:128::/47", "node-mask-long", FAR),
            ("far", "ipv4", "podSubnet", "pods", "16.0.0.0/7", "node-mask-long", FAR),
            ("tiny", "ipv4", "podSubnet", "pods", "10.128.0.0/29", "pod-cidr-tiny", SMALL),
            ("tiny", "ipv6", "podSubnet", "pods", "fd00:128::/125", "pod-cidr-tiny", SMALL),
            ("host-bits", "ipv4", "podSubnet", "pods", "10.128.0.1/16", "address-syntax", ""),
            ("host-bits", "ipv6", "podSubnet", "pods", "fd00:128::1/48", "address-syntax", ""),
            ("pods-are-services", "ipv4", "podSubnet", "pods", SERVICES4, "overlap", ""),
            ("pods-are-services", "ipv6", "serviceSubnet", "services", "fd00:128::/112", "overlap", ""),
        )
    ],
    Mistake("gate", DUAL, gate, asking("kube-apiserver", "feature-gates", "IPv6DualStack=true"), "argument-owned",
            "not a valid feature name"),
    Mistake("no-flag", DUAL, no_flag, asking("kube-controller-manager", "", "1"), "argument-name", "name"),
    Mistake("one-mask", DUAL, mask_argument, asking("kube-controller-manager", "node-cidr-mask-size", "24"),
            "argument-owned", ""),
    Mistake("two-of-one-family", DUAL, cidr("serviceSubnet", f"{SERVICES4},10.97.0.0/16"),
            stated("services", SERVICES4, "10.97.0.0/16"), "family-twice", "expected one (IPv4 or IPv6) CIDR or two"),
    Mistake("single-services", DUAL, cidr("serviceSubnet", SERVICES4), stated("services", SERVICES4),
            "family-missing", ""),
    Mistake("single-pods", DUAL, cidr("podSubnet", PODS4), stated("pods", PODS4), "family-missing", ""),
    Mistake("ipv4-advertised", ("ipv6", "ipv4"), advertise("10.1.1.11"), addresses("10.1.1.11"),
            "advertise-family", ""),
    Mistake("ipv6-advertised", DUAL, advertise("fd00:1:1::11"), addresses("fd00:1:1::11"), "advertise-family", ""),
    Mistake("half-a-node-ip", DUAL, node_ip("10.1.1.11,fd00:1:1::zz"), addresses("10.1.1.11", "fd00:1:1::zz"),
            "address-syntax", ""),
    *[
        Mistake(f"repository-{number}", DUAL, repository(text), kubernetes(image_repository=text), "syntax",
                "invalid image repository format")
        for number, text in enumerate(("bad repo", "a.b/Upper", "https://a.b/k8s", "a.b/k8s/", "a.b/k8s:v1", "a.b:/k"))
    ],
    *[
        Mistake(f"endpoint-{text[:20]}", DUAL, endpoint(with_port(text, 6443)), kubernetes(endpoint={"host": text}),
                rule, words)
        for text, rule, words in (
            ("x:6443", "syntax", NO_ENDPOINT),
            ("x..y", "syntax", NO_ENDPOINT),
            ("UPPER.example", "syntax", NO_ENDPOINT),
            ("fd00::zz", "address-syntax", NO_ENDPOINT),
            (LONG_NAME, "syntax", NO_ENDPOINT),
            ("10.1.1.300", "address-syntax", ""),
            ("0.0.0.0", "endpoint-nowhere", ""),
            ("::", "endpoint-nowhere", ""),
            ("127.0.0.1", "endpoint-nowhere", ""),
            ("::1", "endpoint-nowhere", ""),
            ("localhost", "endpoint-nowhere", ""),
            ("10.1.1.12", "endpoint-worker", ""),
            ("fd00:1:1::12", "endpoint-worker", ""),
        )
    ],
    *[
        Mistake(f"certificate-{text[:20]}", DUAL, certificate_name(text), kubernetes(certificate_names=[text]), rule,
                words)
        for text, rule, words in (
            ("fd00::zz", "address-syntax", NO_NAME),
            ("x..y", "syntax", NO_NAME),
            ("UPPER.example", "syntax", ""),  # kubeadm signs another name, in lower case
            ("a.*.net", "syntax", NO_NAME),
            (LONG_NAME, "syntax", NO_NAME),
            ("10.1.1.300", "address-syntax", ""),
        )
    ],
    Mistake("long-domain", DUAL, cidr("dnsDomain", LONG_NAME), kubernetes(dns={"domain": LONG_NAME}), "syntax",
            "must be no more than 253"),
    *[
        Mistake(f"type-{name}", DUAL, field(KIND[component], name, value),
                kubernetes(configuration={component: {name: value}}), "field-type", words)
        for component, name, value, words in (
            ("kubelet", "maxPods", "many", NO_TYPE),
            ("kubelet", "maxPods", True, NO_TYPE),
            ("kubelet", "maxPods", 1.5, NO_TYPE),
            ("kubelet", "maxPods", 1 << 31, NO_TYPE),
            ("kubelet", "failSwapOn", "false", NO_TYPE),
            ("kubelet", "evictionHard", ["a"], NO_TYPE),
            ("kubelet", "systemReserved", {"cpu": 1}, NO_TYPE),
            ("kubelet", "enforceNodeAllocatable", "pods", NO_TYPE),
            ("kubelet", "registerWithTaints", ["x"], NO_TYPE),
            ("kubelet", "authentication", "webhook", NO_TYPE),
            ("kubelet", "address", 5, NO_TYPE),
            ("kubelet", "syncFrequency", 60, NO_TYPE),
            ("kubelet", "syncFrequency", "60", "missing unit"),
            ("kubelet", "syncFrequency", None, "invalid duration"),
            ("kube-proxy", "bindAddressHardFail", "yes", NO_TYPE),
            ("kube-proxy", "oomScoreAdj", "1", NO_TYPE),
            ("kube-proxy", "conntrack", [1], NO_TYPE),
        )
    ],
    *[
        Mistake(f"{rule}-{name}-{text}", families, field(KIND[component], name, text),
                kubernetes(configuration={component: {name: text}}), rule, "")
        for families, component, name, text, rule in (
            (("ipv6",), "kube-proxy", "bindAddress", "10.9.9.9", "bind-family"),
            (("ipv4",), "kube-proxy", "metricsBindAddress", "[fd00::9]:10249", "bind-family"),
            (DUAL, "kube-proxy", "healthzBindAddress", "x", "bind-family"),
            (DUAL, "kubelet", "address", "10.1.1.300", "bind-family"),
            (DUAL, "kubelet", "healthzBindAddress", "10.1.1.11", "bind-hosts"),
            (DUAL, "kube-proxy", "detectLocalMode", "Foo", "detect-local"),
            (DUAL, "kube-proxy", "detectLocalMode", "BridgeInterface", "detect-local"),
        )
    ],
    Mistake("fd00-108", DUAL, cidr("serviceSubnet", f"{SERVICES4},fd00::/108"),
            both(rack_of_zeros, stated("services", SERVICES4, "fd00::/108")), "overlap", ""),
    Mistake("example-of-kubeadm", DUAL,
            lambda documents: documents[0]["networking"].update(
                podSubnet="10.244.0.0/16,2001:db8:42::/56", serviceSubnet="10.96.0.0/16,2001:db8:42:1::/112"),
            both(stated("pods", "10.244.0.0/16", "2001:db8:42::/56"),
                 stated("services", "10.96.0.0/16", "2001:db8:42:1::/112")), "overlap", ""),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.name}-{'-'.join(mistake.families)}")
def test_a_mistake_is_ours_to_find(program: str, tmp_path: Path, mistake: Mistake) -> None:
    """Whatever kubeadm refuses we refuse; what it takes without a word, and what fails later, we refuse as well."""
    documents = kubeadm.init(plan_of(mistake.families), "n11")
    mistake.documents(documents)
    found = judge(program, tmp_path, documents)
    assert found.accepted == (not mistake.words), found.words
    assert mistake.words in found.words
    intent = intent_of(mistake.families)
    assert errors(intent) == set()
    mistake.intent(intent)
    assert mistake.rule in errors(intent)
