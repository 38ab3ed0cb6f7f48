# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of a plan, as people write them."""

from __future__ import annotations

from typing import Any

import fabrics
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wide_intents import INTENTS

from dualstack.explaining.explain import Explainer
from dualstack.explaining.paths import Tree, UnknownPath, show
from dualstack.plan.build import make

ALL = {**{name: fabrics.read(name) for name in fabrics.names()}, **INTENTS}


def planned(name: str) -> dict[str, Any]:
    plan, findings = make(*ALL[name])
    assert plan is not None, [str(finding) for finding in findings]
    return plan


DEMO = planned("demo")
TREE = Tree(DEMO)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("pools.production.blocks.ipv4", "pools.production.blocks.ipv4", ["192.168.100.0/25"]),
        ("pools[0].blocks.ipv6", "pools.production.blocks.ipv6", ["2001:db8:1::/65"]),
        ("pools.0.blocks.ipv6[0]", "pools.production.blocks.ipv6[0]", "2001:db8:1::/65"),
        ("pools[production].name", "pools.production.name", "production"),
        ("vips.192.168.100.1.port", "vips.192.168.100.1.port", 80),
        ("vips.2001:db8:1::1.port", "vips.2001:db8:1::1.port", 80),
        ("vips[0].vip", "vips.192.168.100.1.vip", "192.168.100.1"),
        ("sessions.node1--tor1--ipv4.timers.hold", "sessions.node1--tor1--ipv4.timers.hold", 9),
        ("sessions.node1--tor1--ipv6.ends[1].asn", "sessions.node1--tor1--ipv6.ends.tor1.asn", 64500),
        ("services.default/shop.addresses[1]", "services.default/shop.addresses[1]", "2001:db8:1::1"),
        (" routers.br1.asn ", "routers.br1.asn", 64510),
        ("routers.*.asn", "routers.*.asn", None),
        ("sessions.*.timers.hold", "sessions.*.timers.hold", None),
    ],
)
def test_paths_are_read_by_name_or_number(text: str, path: str, value: Any) -> None:
    found = TREE.read(text)
    assert show(found) == path
    assert "*" in path or TREE.at(found) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("router.br1", "the plan has no 'router'; did you mean 'routers'?"),
        ("routers.isp3", "routers has no 'isp3'; did you mean 'isp"),
        ("routers.br1.asm", "routers.br1 has no 'asm'; did you mean 'asn'?"),
        ("routers.br1.asn.more", "routers.br1.asn is a single value; nothing stands below it"),
        ("sessions.node1--tor1.timers", "sessions has no 'node1--tor1'; did you mean 'node1--tor1--ipv"),
        ("vips.192.168.100.77", "vips has no '192.168.100.77'; did you mean"),
        ("vips.2001:db8:1::77", "vips has no '2001:db8:1::77'; did you mean"),
        ("pools[7]", "pools has no '7'; known: "),
        ("routers.*.asm", "nothing in the plan is like it"),
    ],
)
def test_an_unknown_path_names_the_nearest_known_one(text: str, message: str) -> None:
    with pytest.raises(UnknownPath) as caught:
        TREE.read(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ALL)
def test_every_path_that_is_shown_is_read_again(name: str) -> None:
    tree = Tree(planned(name))
    leaves = list(tree.leaves())
    assert len(leaves) > 200
    assert [show(path) for path, _value in leaves if tree.read(show(path)) != path] == []
    assert [show(path) for path, value in leaves if tree.at(path) is not value] == []


WORDS = st.sampled_from(
    ["routers", "br1", "vips", "192.168.100.1", "sessions", "*", ".", "[", "]", "0", "asn", "..", "x"]
)


@given(st.one_of(st.text(max_size=20), st.lists(WORDS, max_size=8).map("".join)))
def test_any_text_is_a_path_or_an_unknown_one(text: str) -> None:
    try:
        Explainer(DEMO).explain(text)
    except UnknownPath as problem:
        assert str(problem)


def test_entries_with_one_name_are_told_apart() -> None:
    tree = Tree(planned("two-clusters"))
    assert tree.at(tree.read("services.default/shop@green.cluster")) == "green"
    assert tree.at(tree.read("services.default/shop@blue.cluster")) == "blue"
