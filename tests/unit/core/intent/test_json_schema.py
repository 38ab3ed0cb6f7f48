# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema for editors: current, valid, and of one mind with the loader about what is right and wrong."""

from __future__ import annotations

import copy
import ipaddress
import json
import os
import re
from pathlib import Path
from typing import Any

import fabrics
import mutants
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from dualstack.intent import json_schema
from dualstack.intent.describe import SECTIONS
from dualstack.intent.load import load
from dualstack.intent.shapes import ADDRESS, BLOCK, INVALID, NETWORK

SCHEMA = json_schema.document()
KINDS = {"routers": "router", "nodes": "node", "clients": "client"}
EXAMPLES = {name: fabrics.read(name) for name in fabrics.names()}
# What the loader reports about shapes alone, and the schema must report too.
SHAPES = {"type", "choice", "syntax", "range", "length", "unknown-key", "missing-key", "exactly-one", "clear-secret"}


class Judge:
    """The schema by one draft of JSON Schema: editors know draft 7 at least."""

    def __init__(self, draft: Any) -> None:
        self.whole = draft(SCHEMA)
        self._intent = self._part(draft, "dualstack")
        self._hosts = {group: self._part(draft, f"dualstack_host_of_a_{kind}") for group, kind in KINDS.items()}

    @staticmethod
    def _part(draft: Any, name: str) -> Any:
        return draft({"allOf": [{"$ref": f"#/$defs/{name}"}], "$defs": SCHEMA["$defs"]})

    def accepts(self, data: Any, hosts: dict[str, Any]) -> bool:
        """Whether there is nothing against an intent and the facts of its hosts."""
        facts = [(group, each) for group in KINDS for each in hosts[group].values()]
        return self._intent.is_valid(data) and all(self._hosts[group].is_valid(each) for group, each in facts)


JUDGES = {"draft 2020-12": Judge(Draft202012Validator), "draft 7": Judge(Draft7Validator)}
JUDGE = JUDGES["draft 2020-12"]
WHOLE = JUDGE.whole
DRAFTS = pytest.mark.parametrize("draft", JUDGES)


def refused(data: Any, hosts: dict[str, Any]) -> set[str]:
    """The ids of what the loader reports."""
    return {finding.id for finding in load(data, hosts)[1]}


def test_the_file_is_current(checkout: Path) -> None:
    path = checkout / "schema" / "intent.schema.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json_schema.text(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == json_schema.text()


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(json.loads(json_schema.text()))


def test_every_key_is_described() -> None:
    text = json_schema.text()
    documented = [key.doc for _title, _text, struct in SECTIONS for key in struct.keys]
    assert len(documented) > 100
    assert [doc for doc in documented if json.dumps(doc, ensure_ascii=False) not in text] == []


@DRAFTS
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_valid(example: str, draft: str) -> None:
    inventory = yaml.safe_load((fabrics.EXAMPLES / example / "inventory.yml").read_text(encoding="utf-8"))
    assert list(JUDGES[draft].whole.iter_errors(inventory)) == []
    assert JUDGES[draft].accepts(*EXAMPLES[example])


def test_files_of_variables_are_known() -> None:
    data, hosts = EXAMPLES["demo"]
    good: list[Any] = [{"dualstack": data, "other": 1}]
    good += [{"dualstack_host": facts} for group in KINDS for facts in hosts[group].values()]
    assert all(WHOLE.is_valid(each) for each in good)
    for bad in ({"dualstack": {**data, "pool": []}}, {"dualstack_host": {"asn": "64512"}}, {"dualstack": []}, []):
        assert not WHOLE.is_valid(bad)


@pytest.mark.parametrize("group", ["routers", "kube_control_plane", "kube_node", "clients"])
def test_an_inventory_holds_the_facts_of_the_group(group: str) -> None:
    kind = next(kind for kind, names in fabrics.GROUPS.items() if group in names)
    hosts = EXAMPLES["demo"][1]
    for other in KINDS:
        facts = list(hosts[other].values())[-1]
        for inventory in (
            {"all": {"children": {group: {"hosts": {"one": {"dualstack_host": facts}}}}}},
            {"all": {"children": {"site": {"children": {group: {"hosts": {"one": {"dualstack_host": facts}}}}}}}},
            {"all": {"children": {group: {"children": {"part": {"hosts": {"one": {"dualstack_host": facts}}}}}}}},
            {group: {"hosts": {"one": {"dualstack_host": facts, "ansible_host": "x"}, "two": None}}},
        ):
            assert WHOLE.is_valid(inventory) == (other == kind)
    assert WHOLE.is_valid({"all": {"hosts": {"one": {"dualstack_host": facts}}, "children": {"else": None}}})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cluster.name", "Demo"),
        ("cluster.name", 7),
        ("cluster.name", None),
        ("cluster.families", []),
        ("cluster.families", ["ipv4", "ipv6", "ipv4"]),
        ("cluster.families", "ipv4"),
        ("cluster.families", ["IPv4"]),
        ("cluster.pods", ["10.244.0.0", "fd00::/56"]),
        ("cluster.pods", ["10.244.0.0/33"]),
        ("cluster.pods", ["10.256.0.0/16"]),
        ("cluster.pods", ["fd00::/129"]),
        ("cluster.pods", ["fd00:g::/56"]),
        ("cluster.pods", ["10.244.0.0/16", "10.245.0.0/16"]),
        ("cluster.pods", ["fd00::/56", "fd01::/56"]),
        ("cluster.pods", ["10.244.0.0/16", "fd00::/56", "fd01::/56"]),
        ("cluster.pods", [[]]),
        ("cluster.node_cidr_lengths", {"ipv4": 33}),
        ("cluster.node_cidr_lengths", {"ipv6": 0}),
        ("cluster.load_balancer", "metallb"),
        ("cluster.pod", []),
        ("fabric", None),
        ("fabric.node_asn", "64512"),
        ("fabric.node_asn", 0),
        ("fabric.node_asn", 2**32),
        ("fabric.node_asn", True),
        ("fabric.node_asm", 64512),
        ("fabric.password", "geheim"),
        ("fabric.password", {"secret": "no secret name!"}),
        ("fabric.password", {"secrets": "bgp-auth"}),
        ("fabric.timers", {"hold": 2}),
        ("fabric.timers", [3, 9]),
        ("fabric.graceful_restart", "yes"),
        ("fabric.sessions", "both"),
        ("fabric.loopbacks", "10.0.0.0"),
        ("fabric.links", [["br1"]]),
        ("fabric.links", [["br1", "br2", "br3"]]),
        ("fabric.links", [{"network": ["10.0.0.0/31"]}]),
        ("fabric.racks", []),
        ("fabric.racks.rack1.interface", "an-interface-name"),
        ("fabric.peers", [{"name": "x"}]),
        ("fabric.peers", [{"name": "x", "asn": 1, "dynamic_asn": "external"}]),
        ("fabric.peers", [{"name": "x", "asn": 1, "addresses": ["10.0.0.1/24"]}]),
        ("communities", {"a": "1:2:3"}),
        ("communities", {"a": 120}),
        ("bfd_profiles", {"a": {"receive_interval": 9}}),
        ("pools[0].from", []),
        ("pools[0].blocks", ["10.0.0.0/24"]),
        ("pools[0].take", "half"),
        ("pools[2].blocks", ["10.0.0.1-"]),
        ("pools[2].blocks", ["10.0.0.1-fd00::1"]),
        ("pools[2].blocks", None),
        ("pools[0].size", 0),
        ("pools[0].auto_assign", "true"),
        ("pools[0].labels", {"a": 1}),
        ("pools[0].node_selectors", [{"matchLabels": []}]),
        ("pools[0].node_selectors", [{"matchExpressions": [{"key": "a", "operator": "in"}]}]),
        ("advertise[0].pools", []),
        ("advertise[0].bgp", None),
        ("advertise[0].layer2", {}),
        ("advertise[0].bgp.local_preference", {"br1": -1}),
        ("advertise[0].bgp.local_preference", "high"),
        ("advertise[0].bgp.communities", ["not a community"]),
        ("advertise[2].layer2.preferred_nodes", [{"weight": 0, "selector": {}}]),
        ("services[0].port", 65536),
        ("services[0].port", None),
        ("services[0].ports", [{"port": 80}]),
        ("services[0].policy", "DualStack"),
        ("services[0].traffic_policy", "local"),
        ("services[0].addresses", ["10.0.0.1", "10.0.0.2"]),
        ("silence", [{"rule": "overlap"}]),
        ("silence", [{"rule": "overlap", "reason": "no"}]),
        ("lab", "yes"),
        ("extra", 1),
    ],
)
def test_what_is_wrong_is_refused_by_both(path: str, value: Any) -> None:
    data, hosts = copy.deepcopy(EXAMPLES["demo"])
    assert all(judge.accepts(data, hosts) for judge in JUDGES.values()) and not refused(data, hosts)
    place: Any = data
    *steps, last = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    for step in steps:
        place = place[step]
    place[last] = value
    assert refused(data, hosts)
    assert [draft for draft, judge in JUDGES.items() if judge.accepts(data, hosts)] == []


TEXTS = (
    "ipv4 ipv6 all 10.0.0.0/8 10.0.1.1 fd00::/64 2001:db8::1 10.0.1.5-10.0.1.9 tor1 rack1 64512:1 large:1:2:3 secret"
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["", *TEXTS.split()])
    | st.integers(-1, 2**33)
    | st.none()
    | st.booleans()
    | st.just(0.5)
    | st.text(st.characters(exclude_characters="\n"), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "asn", "between", "secret", "ipv4", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = {
    name: [steps for steps, _value in mutants.places({"data": data, "hosts": hosts}) if len(steps) > 1]
    for name, (data, hosts) in EXAMPLES.items()
}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    """An example in which something else stands at one place."""
    name = draw(st.sampled_from(sorted(EXAMPLES)))
    root = copy.deepcopy(dict(zip(("data", "hosts"), EXAMPLES[name])))
    steps = draw(st.sampled_from([steps for steps in PLACES[name] if len(steps) > 2 or steps[0] == "data"]))
    mutants.put(root, steps, draw(ANYTHING))
    return root["data"], root["hosts"]


@settings(max_examples=300)
@given(damaged())
def test_both_are_of_one_mind(intent: tuple[Any, dict[str, Any]]) -> None:
    data, hosts = intent
    reported = refused(data, hosts)
    accepted = JUDGE.accepts(data, hosts)
    assert JUDGES["draft 7"].accepts(data, hosts) == accepted
    if not accepted:
        assert reported, "an editor never complains of what can be planned"
    elif reported & SHAPES:
        raise AssertionError(f"only the loader refuses it: {load(data, hosts)[1]}")


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """An address as one may write it."""
    if draw(st.booleans()):
        return str(draw(st.ip_addresses(v=4)))
    address = draw(st.ip_addresses(v=6) | st.integers(0, 2**40).map(ipaddress.IPv6Address))
    spellings = [address.compressed, address.exploded, address.compressed.upper(), address.exploded.upper()]
    last = int(address) & 0xFFFFFFFF
    spellings.append(f"{address.exploded[:29]}:{ipaddress.IPv4Address(last)}")
    return draw(st.sampled_from(spellings))


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """What may be an address, a CIDR or a range, with spaces where they are forgiven."""
    space = st.sampled_from(["", " ", "  "])
    first = draw(addresses())
    length = draw(st.integers(0, 130))
    shape = draw(st.sampled_from(["{a}", "{a}/{n}", "{a}{s}/{n:03}", "{a}{s}-{s}{b}"]))
    text = shape.format(a=first, b=draw(addresses()), n=length, s=draw(space))
    if "/" in text and draw(st.booleans()):
        family = 4 if "." in first and ":" not in first else 6
        text = str(ipaddress.ip_network((first, min(length, {4: 32, 6: 128}[family])), strict=False))
    return draw(space) + text + draw(space)


@settings(max_examples=500)
@given(blocks())
def test_every_address_that_can_be_read_is_accepted(text: str) -> None:
    for shape in (ADDRESS, NETWORK, BLOCK):
        if shape.read(text, "there", lambda finding: None) is not INVALID:
            assert Draft202012Validator(shape.json_schema()).is_valid(text), (shape.kind, text)


@pytest.mark.parametrize(
    "text", ["1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "FD00::A"]
)
def test_rare_spellings_of_ipv6_are_accepted(text: str) -> None:
    assert ADDRESS.read(text, "there", lambda finding: None) is not INVALID
    assert Draft202012Validator(ADDRESS.json_schema()).is_valid(text)
