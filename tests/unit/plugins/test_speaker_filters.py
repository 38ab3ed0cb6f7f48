# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that come as text, as extra variables do, are numbers for the daemons."""

from __future__ import annotations

import json
from typing import Any

import fabrics
import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.baremetal.dualstack.plugins.filter.speaker import FilterModule
from dualstack.plan.build import make

speaker_files = FilterModule().filters()["speaker_files"]
NAMES = ("listen_port", "layer2_refresh")


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    made, findings = make(*fabrics.read("demo"))
    assert made is not None, findings
    return made


def wire(plan: dict[str, Any], **given: Any) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(speaker_files(plan, next(iter(plan["nodes"])), **given)["wire.json"])
    return settings


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", [179, "179", DataLoader().load('"179"')])
def test_text_is_a_number(plan: dict[str, Any], name: str, given: Any) -> None:
    told = wire(plan, **{name: given})[name]
    assert (told, type(told)) == (179, int)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", [None, ""])
def test_nothing_is_nothing(plan: dict[str, Any], name: str, given: Any) -> None:
    assert name not in wire(plan, **{name: given})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", ["bgp", "1.5", 1.5, True, -1, "-1", [179]])
def test_what_is_none_is_refused(plan: dict[str, Any], name: str, given: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^speaker_files: {name}: a whole number is expected, not "):
        wire(plan, **{name: given})
