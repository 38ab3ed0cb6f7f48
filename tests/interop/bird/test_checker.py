# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD's own check takes the rendering of every router of every example, whatever that router runs there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fabrics
import pytest
from fabrics import plan_of
from interop.bird.bird import problems
from interop.router.box import Box

from dualstack.render import bird


@pytest.fixture(scope="module")
def box(root: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    made = Box("bird", root, tmp_path_factory.mktemp("bird"), checkout)
    yield made
    made.end()


def terms(data: Any, hosts: Any) -> None:
    """Everything that a session can have."""
    data["bfd_profiles"] = {"fast": {"receive_interval": 50, "echo": True}}
    data["fabric"]["peer_groups"] = {
        "up": {"bfd": "fast", "dynamic_asn": True, "graceful_restart": True, "sessions": "over-ipv6"},
        "near": {"ttl_security": 2, "sessions": "over-ipv4", "authenticated": False},
    }
    data["fabric"]["node_asn"] = 4200000000
    data["fabric"]["maximum_paths"] = 1
    hosts["routers"]["br1"]["route_reflector"] = True
    for pair, group in ((["br1", "tor1"], "up"), (["br1", "br2"], "up"), (["isp1", "br1"], "near")):
        data["fabric"]["links"][data["fabric"]["links"].index(pair)] = {"between": pair, "peer_group": group}


def refused(box: Box, plan: dict[str, Any]) -> dict[str, str]:
    """What BIRD says, but for its 2.17's remark that a password means MD5, which 2.0 can't be told."""
    said = {router: problems(box, bird.render(plan, router)) for router in plan["routers"]}
    found = {
        router: [line for line in text.splitlines() if "assuming MD5" not in line] for router, text in said.items()
    }
    return {router: "\n".join(lines) for router, lines in found.items() if lines}


@pytest.mark.parametrize("example", fabrics.names())
def test_every_router_of_every_example(box: Box, example: str) -> None:
    assert refused(box, plan_of(example)) == {}


def test_everything_that_a_session_can_have(box: Box) -> None:
    plan = plan_of("demo", terms)
    for profile in plan["bfd_profiles"].values():
        profile["passive"] = True
    text = bird.render(plan, "br1")
    for words in ("rr client;", "bfd {", "graceful restart on;", "ttl security yes;", "next hop address", "external;"):
        assert words in text
    assert refused(box, plan) == {}


def test_the_check_can_fail(box: Box) -> None:
    text = bird.render(plan_of("ipv4-only"), "tor")
    with pytest.raises(AssertionError, match="syntax error"):
        problems(box, text.replace("import filter", "import filtre"))
