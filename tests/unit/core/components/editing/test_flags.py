# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in lists, manifests of static pods and kubeadm's ClusterConfiguration: by a model, PyYAML, looks."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dualstack.components.editing import arguments, kubeadm_config, manifest
from dualstack.components.editing.owned import EditError, Owned

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "components"
NAMES = st.sampled_from(["cluster-cidr", "node-ip", "allocate-node-cidrs", "v", "bind-address"])
VALUES = st.sampled_from(["10.244.0.0/16,fd00:10:244::/56", "::", "true", "false", "2", ""])
GATES = st.sampled_from(["A", "B", "IPv6DualStack"])
OWNED = st.builds(
    Owned,
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.lists(st.sampled_from(["node-cidr-mask-size", "profiling"]), max_size=2, unique=True),
    st.dictionaries(GATES, st.sampled_from([True, False, None]), max_size=2),
)


@st.composite
def stated(draw: st.DrawFn) -> list[str]:
    """Arguments as people write them: three forms, names twice, underscores."""
    found: list[str] = []
    for name in draw(
        st.lists(st.one_of(NAMES, st.sampled_from(["node-cidr-mask-size", "profiling", "foreign"])), max_size=7)
    ):
        name = draw(st.sampled_from([name, name, name.replace("-", "_")]))
        value = draw(VALUES)
        found += draw(st.sampled_from([[f"--{name}={value}"], [f"--{name}", value or "x"], [f"--{name}"]]))
    if draw(st.booleans()):
        gates = draw(st.lists(st.tuples(GATES, st.sampled_from(["true", "false"])), min_size=1, max_size=3))
        found.append("--feature-gates=" + ",".join(map("=".join, gates)))
    return found


def gates(words: list[str]) -> dict[str, str]:
    """The feature gates that count."""
    found: dict[str, str] = {}
    for each in arguments.stated(words):
        if each.name == "feature-gates":
            found.update(entry.split("=") for entry in each.value.split(",") if entry)
    return found


@given(stated(), OWNED)
def test_what_is_owned_is_so_afterwards_and_the_rest_as_before(words: list[str], owned: Owned) -> None:
    after = arguments.applied(words, arguments.changes(words, owned))
    for name, value in owned.flags.items():
        assert arguments.value(after, name) == value
        assert [each.name for each in arguments.stated(after)].count(name) == 1
    assert not {each.name for each in arguments.stated(after)} & set(owned.absent)
    for gate, switch in owned.gates.items():
        assert gates(after).get(gate) == (None if switch is None else str(switch).lower())
    mine = {*owned.flags, *owned.absent, "feature-gates"}
    others = [(each.name, each.value) for each in arguments.stated(words) if each.name not in mine]
    assert [(each.name, each.value) for each in arguments.stated(after) if each.name not in mine] == others
    assert {gate: gates(after)[gate] for gate in gates(words) if gate not in owned.gates} == {
        gate: switch for gate, switch in gates(words).items() if gate not in owned.gates
    }
    assert not arguments.changes(after, owned)


@given(stated(), stated(), OWNED, st.randoms(use_true_random=False), st.booleans())
def test_a_manifest_says_what_the_list_would(
    command: list[str], args: list[str], owned: Owned, chance: random.Random, indented: bool
) -> None:
    text = pod(command, args, chance, indented)
    before = yaml.safe_load(text)["spec"]["containers"][0]
    words = [*(before["command"] or [])[1:], *(before.get("args") or [])]
    after = manifest.edit(text, owned, "kube-apiserver")
    expected = arguments.applied(words, arguments.changes(words, owned))
    assert sorted(manifest.flags(after, "kube-apiserver")) == sorted(expected)
    pod_after = yaml.safe_load(after)["spec"]["containers"]
    assert [*pod_after[0]["command"][1:], *(pod_after[0].get("args") or [])] == manifest.flags(after, "kube-apiserver")
    assert manifest.edit(after, owned, "kube-apiserver") == after
    foreign = [line for line in text.split("\n") if not line.lstrip().startswith("-") or "image" in line]
    assert [line for line in after.split("\n") if not line.lstrip().startswith("-") or "image" in line] == foreign
    assert pod_after[1] == yaml.safe_load(text)["spec"]["containers"][1]


def pod(command: list[str], args: list[str], chance: random.Random, indented: bool) -> str:
    """A pod with two containers, written by hand."""

    def quote(word: str) -> str:
        return chance.choice([yaml.safe_dump([word], width=9999)[2:-1], '"' + word + '"', "'" + word + "'"])

    blank = "      " if indented else "    "
    rows = [f"{blank}- kube-apiserver"]
    for word in command:
        rows += [*(["    # a comment"] if chance.random() < 0.2 else []), f"{blank}- {quote(word)}"]
    arguments_of = ["    args:  # more", *(f"{blank}- {quote(word)}" for word in args)] if args else []
    return "\n".join(
        [
            *(
                "# of somebody",
                "kind: Pod",
                "spec:",
                "  containers:",
                "  - command:  # the program",
                *rows,
                *arguments_of,
            ),
            *("    image: x", "  - name: beside", "    command:", "    - sidecar", "    - --node-ip=1.2.3.4", ""),
        ]
    )


def test_kubeadm_would_have_written_the_same() -> None:
    text = (FIXTURES / "kube-controller-manager.yaml").read_text(encoding="utf-8")
    pair = "10.244.0.0/16,fd42:b1:a::/56"
    owned = Owned(
        {"cluster-cidr": pair, "node-cidr-mask-size-ipv4": "24", "node-cidr-mask-size-ipv6": "64"},
        ["node-cidr-mask-size"],
    )
    behind = "    - --requestheader"
    old = text.replace(behind, f"    - --node-cidr-mask-size=24\n{behind}", 1)
    new = text.replace(behind, f"    - --node-cidr-mask-size-ipv4=24\n    - --node-cidr-mask-size-ipv6=64\n{behind}", 1)
    after = manifest.edit(old, owned, "kube-controller-manager")
    expected = new.replace("--cluster-cidr=10.244.0.0/16", f"--cluster-cidr={pair}")
    assert after == expected


@pytest.mark.parametrize(("new", "endpoint"), [("192.0.2.11", "192.0.2.11:6443"), ("fd42::11", "[fd42::11]:6443")])
def test_probes_follow_the_advertised_address(new: str, endpoint: str) -> None:
    text = (FIXTURES / "kube-apiserver.yaml").read_text(encoding="utf-8")
    pod_after = yaml.safe_load(manifest.edit(text, Owned({"advertise-address": new}), "kube-apiserver"))
    container = pod_after["spec"]["containers"][0]
    assert {container[f"{probe}Probe"]["httpGet"]["host"] for probe in ("liveness", "readiness", "startup")} == {new}
    assert list(pod_after["metadata"]["annotations"].values()) == [endpoint]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "spec:\n  containers:\n  - name: kube-apiserver\n    command: [kube-apiserver]\n",
            "line 4: command is no list in block style",
        ),
        (
            "spec:\n  containers:\n  - name: kube-apiserver\n    command:\n    - sh\n    - -c\n    - kube-apiserver\n",
            "line 5: the container kube-apiserver does not run kube-apiserver directly",
        ),
        (
            "spec:\n  containers:\n  - name: other\n    command:\n    - other\n",
            "line 1: no container runs kube-apiserver",
        ),
        ("spec: {}\n", "line 1: spec.containers is no list in block style"),
        (
            "spec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --v\n    - 2\n",
            "line 6: an argument that is no text in one line",
        ),
    ],
)
def test_a_manifest_that_is_not_understood_is_an_error(text: str, message: str) -> None:
    with pytest.raises(EditError) as caught:
        manifest.edit(text, Owned({"v": "3"}), "kube-apiserver")
    assert str(caught.value).startswith(message)


V4 = """# kept
apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
controllerManager:
  extraArgs:
  # why
  - name: node-cidr-mask-size
    value: "24"
  - name: profiling
    value: 'false'   # as it was
networking:
  serviceSubnet: 10.96.0.0/16
"""
V3 = """apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta3
controllerManager:
  extraArgs:
    node-cidr-mask-size: "24"
    # why
    profiling: 'false'   # as it was
networking:
  serviceSubnet: 10.96.0.0/16
"""
MASKS = Owned({"node-cidr-mask-size-ipv4": "24", "node-cidr-mask-size-ipv6": "64"}, ["node-cidr-mask-size"])


@pytest.mark.parametrize("text", [V4, V3])
def test_extra_arguments_have_the_shape_of_their_version(text: str) -> None:
    pair = "10.96.0.0/16,fd42:b1:9::/112"
    flags = {"controllerManager": MASKS, "apiServer": Owned({}, ["v"], {"A": True})}
    after = kubeadm_config.edit(text, {"networking.serviceSubnet": pair}, flags)
    data = yaml.safe_load(after)
    assert extra(data, "controllerManager") == {
        "node-cidr-mask-size-ipv4": "24",
        "node-cidr-mask-size-ipv6": "64",
        "profiling": "false",
    }
    assert extra(data, "apiServer") == {"feature-gates": "A=true"}
    assert data["networking"]["serviceSubnet"] == pair
    assert "profiling" in after and "# as it was" in after and "# why" in after
    assert kubeadm_config.edit(after, {"networking.serviceSubnet": pair}, flags) == after
    gone = {"controllerManager": Owned({}, [*MASKS.flags, "profiling"]), "apiServer": Owned({}, ["feature-gates"])}
    assert not extra(yaml.safe_load(kubeadm_config.edit(after, {}, gone)), "controllerManager")


def extra(data: dict[str, Any], part: str) -> dict[str, str]:
    """The extraArgs of a part, whatever their shape."""
    held = (data[part] or {}).get("extraArgs") or {}
    return {each["name"]: each["value"] for each in held} if isinstance(held, list) else held


@pytest.mark.parametrize("text", [V4, V3])
@pytest.mark.parametrize("etcd", ["", "etcd:\n  local:\n    dataDir: /var/lib/etcd  # here\n", "etcd: {}\n"])
def test_etcd_that_kubeadm_runs_has_its_arguments_below_local(text: str, etcd: str) -> None:
    flags = {"etcd.local": Owned({"log-level": "warn"}), "scheduler": Owned({"v": "3"})}
    after = kubeadm_config.edit(text + etcd, {}, flags)
    data = yaml.safe_load(after)
    assert extra(data["etcd"], "local") == {"log-level": "warn"} and extra(data, "scheduler") == {"v": "3"}
    assert data["etcd"]["local"].get("dataDir") == ("/var/lib/etcd" if "dataDir" in etcd else None)
    assert ("# here" in after) == ("# here" in etcd)
    assert kubeadm_config.edit(after, {}, flags) == after


@pytest.mark.parametrize("text", [V4, V3])
def test_names_in_certificates_are_added_to_those_that_are_there(text: str) -> None:
    wanted = ["api.example.net", "192.0.2.11", "2001:db8::11"]
    first = kubeadm_config.edit(text, {}, {}, wanted)
    assert yaml.safe_load(first)["apiServer"]["certSANs"] == wanted
    old = text.replace("apiServer: {}", "apiServer:\n  certSANs:\n  - API.example.net  # by hand\n  - 2001:DB8:0::11")
    assert old != text
    after = kubeadm_config.edit(old, {}, {}, [*wanted, *wanted])
    assert yaml.safe_load(after)["apiServer"]["certSANs"] == ["API.example.net", "2001:DB8:0::11", "192.0.2.11"]
    assert "# by hand" in after and kubeadm_config.edit(after, {}, {}, wanted) == after
    for broken in ("\n  certSANs: api.example.net", "\n  certSANs:\n  - 1\n"):
        with pytest.raises(EditError, match="certSANs is no list of texts"):
            kubeadm_config.edit(text.replace("apiServer: {}", f"apiServer:{broken}"), {}, {}, wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: kubeadm.k8s.io/v1beta4\napiServer:\n  extraArgs:\n    v: '2'\n", "line 3: extraArgs is no list"),
        (
            "apiVersion: kubeadm.k8s.io/v1beta3\napiServer:\n  extraArgs:\n  - name: v\n    value: '2'\n",
            "line 3: extraArgs is no map",
        ),
        (
            "apiVersion: kubeadm.k8s.io/v1beta4\napiServer:\n  extraArgs:\n  - name: v\n    value: 2\n",
            "line 4: an entry of extraArgs",
        ),
        (
            "apiVersion: kubeadm.k8s.io/v1beta4\napiServer: {extraArgs: []}\n",
            "line 2: apiServer is no map in block style",
        ),
    ],
)
def test_extra_arguments_that_are_not_understood_are_an_error(text: str, message: str) -> None:
    with pytest.raises(EditError) as caught:
        kubeadm_config.edit(text, {}, {"apiServer": Owned({"v": "3"})})
    assert str(caught.value).startswith(message)
