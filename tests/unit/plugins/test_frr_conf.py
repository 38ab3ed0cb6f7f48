# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter renders what the core renders, from Ansible's own kinds of data."""

from __future__ import annotations

import json
from typing import Any

import fabrics
import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.baremetal.dualstack.plugins.filter.frr_conf import FilterModule
from dualstack.plan.build import make
from dualstack.render import frr

frr_conf = FilterModule().filters()["frr_conf"]


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    made, findings = make(*fabrics.read("demo"))
    assert made is not None, findings
    return made


def test_tagged_data_renders_the_same(plan: dict[str, Any]) -> None:
    tagged = DataLoader().load(json.dumps(plan), "/plan.json")
    for router in plan["routers"]:
        text = frr_conf(tagged, router)
        assert type(text) is str  # pylint: disable=unidiomatic-typecheck
        assert text == frr.render(plan, router)


@pytest.mark.parametrize("given", [{}, {"routers": {}}, "text"])
def test_what_is_no_plan_is_refused(given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="no router 'tor9'; it has none"):
        frr_conf(given, "tor9")


def test_an_unknown_router_is_named(plan: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=f"no router 'tor9'; it has {', '.join(plan['routers'])}$"):
        frr_conf(plan, "tor9")
