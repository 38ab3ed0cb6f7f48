# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan keeps of an intent: every path that is stated, no value, little room."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import fabrics
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wide_intents import INTENTS

from dualstack.intent.stated import Stated, covers, stated
from dualstack.plan.build import make

ALL = {**{name: fabrics.read(name) for name in fabrics.names()}, **INTENTS}
KEYS = st.text("abc_x/-", min_size=1, max_size=4).filter(lambda key: key.strip(". ") == key)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.0/24", "10.0.0.1-10.0.0.9", "fd00::1", "fd00::/64", "::1-::9"])
SCALARS = st.one_of(st.integers(), st.booleans(), ADDRESSES, st.sampled_from(["text", "64512:100", "1.2", "a:b"]))
VALUES = st.recursive(
    st.one_of(st.none(), SCALARS),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(KEYS, below, max_size=4)),
    max_leaves=20,
)


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """(path, value) of every scalar."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from leaves(child, f"{path}[{index}]")
    elif value is not None:
        yield path, value


def of(intent: tuple[dict[str, Any], dict[str, Any]]) -> list[tuple[str, Any]]:
    data, hosts = intent
    found = list(leaves(data, "dualstack"))
    for group in hosts.values():
        for host, facts in group.items():
            found += leaves(facts, f"{host}: dualstack_host")
    return found


def test_what_looks_alike_shares_an_entry() -> None:
    data = {
        "services": [
            {"name": "a", "port": 1},
            {"name": "b", "port": 2, "families": ["ipv4"]},
            {"name": "c", "port": 3},
        ],
        "fabric": {"links": [["a", "b"], ["c", "d"]], "racks": {"r": {"network": ["10.0.0.0/24", "fd00::/64"]}}},
        "lab": True,
        "bgp": {},
        "absent": None,
    }
    nodes = {name: {"racks": {"r": [f"10.0.0.{number}", f"fd00::{number}"]}} for number, name in enumerate("xyz", 1)}
    assert stated(data, {"nodes": {**nodes, "w": None}, "clients": {"q": {"behind": "t"}}}) == {
        "dualstack.bgp": [""],
        "dualstack.fabric": ["links[0-1][0-1]", "racks.r.network[0](ipv4)", "racks.r.network[1](ipv6)"],
        "dualstack.lab": [""],
        "dualstack.services": ["[0-2].name", "[0-2].port", "[1].families[0]"],
        "x, y, z: dualstack_host": ["racks.r[0](ipv4)", "racks.r[1](ipv6)"],
        "q: dualstack_host": ["behind"],
    }


@pytest.mark.parametrize("name", ALL)
def test_every_stated_path_is_found_and_no_other(name: str) -> None:
    found = Stated(stated(*ALL[name]))
    paths = [path for path, _value in of(ALL[name])]
    assert len(paths) > 20
    assert [path for path in paths if not found.has(path)] == []
    wrong = [*(f"{path}x" for path in paths), *(f"{path}.more" for path in paths), *(f"{path}[0]" for path in paths)]
    assert [path for path in wrong if found.has(path)] == []
    assert not found.has("nobody: dualstack_host.asn") and not found.has("dualstack.services[999].name")


@given(VALUES, st.dictionaries(KEYS, VALUES, max_size=3))
def test_any_data_reads_back(value: Any, hosts: dict[str, Any]) -> None:
    intent = ({"any": value}, {"nodes": hosts})
    found = Stated(json.loads(json.dumps(stated(*intent))))
    for path, leaf in of(intent):
        assert found.has(path)
        if isinstance(leaf, str) and leaf.startswith(("10.", "fd", "::")):
            family = "ipv4" if leaf.startswith("10.") else "ipv6"
            assert found.of_family(path, family) == [path]
            if path.endswith("]"):
                assert path in found.of_family(path.rpartition("[")[0], family)


def test_the_entries_of_a_family_in_either_order_and_alone() -> None:
    data = {"a": ["10.0.0.1", "fd00::1"], "b": ["fd00::1", "10.0.0.1"], "c": "fd00::1", "d": ["x"]}
    found = Stated(stated(data, {}))
    assert found.of_family("dualstack.a", "ipv4") == ["dualstack.a[0]"]
    assert found.of_family("dualstack.b", "ipv4") == ["dualstack.b[1]"]
    assert found.of_family("dualstack.c", "ipv4") == []
    assert found.of_family("dualstack.c", "ipv6") == ["dualstack.c"]
    assert found.of_family("dualstack.d", "ipv4") == found.of_family("dualstack.e", "ipv4") == []
    assert [found.count(f"dualstack.{key}") for key in "acde"] == [2, 0, 1, 0]


@pytest.mark.parametrize("name", ALL)
def test_no_value_is_kept(name: str) -> None:
    """Of the values that no key and no host's name repeats, none stands in what is kept."""
    data, hosts = copy.deepcopy(ALL[name])
    data["fabric"]["password"] = {"secret": "a-name-that-nobody-has"}
    kept = json.dumps(stated(data, hosts))
    values = {str(value) for _path, value in of((data, hosts)) if isinstance(value, (int, str)) and len(str(value)) > 8}
    known = {*hosts["routers"], *hosts["nodes"], *hosts["clients"]}
    shown = {value for value in values if value in kept and not any(value in name for name in known)}
    assert "a-name-that-nobody-has" in values and shown <= {str(key) for key in _keys(data)}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
    for child in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _keys(child)


def test_a_default_that_is_written_out_changes_what_is_stated_and_not_the_hash() -> None:
    data, hosts = fabrics.read("demo")
    before, _findings = make(data, hosts)
    data["fabric"]["timers"]["connect"] = 5
    after, _findings = make(data, hosts)
    assert before is not None and after is not None
    assert "timers.connect" in after["stated"]["dualstack.fabric"]
    assert {**after, "stated": before["stated"]} == before


@pytest.mark.parametrize(
    ("named", "leaf", "covered"),
    [
        ("dualstack.a", "dualstack.a", True),
        ("dualstack.a", "dualstack.a[3]", True),
        ("dualstack.a", "dualstack.a.b", False),
        ("dualstack.a", "dualstack.ab", False),
        ("dualstack.a[1]", "dualstack.a[11]", False),
        ("dualstack.a[*]", "dualstack.a[1].b.c", True),
        ("dualstack.a[*].b", "dualstack.a[1].b", True),
        ("dualstack.a[*].b", "dualstack.a[1].c", False),
        ("dualstack.a.*.b", "dualstack.a.x.b[0]", True),
        ("n: dualstack_host.labels.*", "n: dualstack_host.labels.a.b/c", True),
        ("n: dualstack_host.asn", "m: dualstack_host.asn", False),
    ],
)
def test_what_a_path_covers(named: str, leaf: str, covered: bool) -> None:
    assert covers(named, leaf) is covered
