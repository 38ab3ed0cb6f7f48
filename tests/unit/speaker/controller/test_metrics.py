# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's metrics out of its status, and the status for people."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack_speaker.controller.metrics import collect
from dualstack_speaker.controller.status import healthy, lines
from dualstack_speaker.observe.metrics import render

POOLS = {
    "both": {"ipv4": {"assigned": 2, "available": 3}, "ipv6": {"assigned": 1, "available": 2**96}},
    "four": {"ipv4": {"assigned": 7, "available": 0}},
    "none": {},
    "six": {"ipv6": {"assigned": 0, "available": 9}},
}
STATUS: dict[str, Any] = {
    "identity": "node1_x",
    "lease": {"holder": "node1_x", "leading": True, "acting": True, "term": 1, "remaining_s": 9.0, "error": ""},
    "kubernetes": {"loaded": True, "away": [], "objects": 12},
    "config": "valid",
    "errors": [],
    "warnings": [],
    "services": {"total": 4, "assigned": 3, "waiting": 1, "other": 0},
    "waiting": {"d/web": "no address"},
    "other_writers": [],
    "pools": POOLS,
    "writes": {
        "pending": 0, "under_way": 0, "written": 3, "conflicts": 1, "failed": 0, "refused": {}, "error": "",
    },
    "events": {"written": 2, "dropped": 0},
    "deprecated_annotations": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        'metallb_allocator_addresses_total{pool="both"} 79228162514264337593543950342',
        'metallb_allocator_addresses_in_use_total{pool="both"} 3',
        'metallb_allocator_addresses_total{pool="four"} 7',
        'metallb_allocator_ipv4_addresses_in_use_total{pool="four"} 7',
        'metallb_allocator_ipv6_addresses_total{pool="four"} 0',
        'metallb_allocator_ipv4_addresses_total{pool="six"} 0',
        'metallb_allocator_ipv6_addresses_total{pool="six"} 9',
        'metallb_allocator_addresses_total{pool="none"} 0',
        "metallb_k8s_client_config_stale_bool 0",
        'dualstack_controller_status_writes_total{result="conflicts"} 1',
        "dualstack_controller_deprecated_annotations_total 5",
    ],
)
def test_lines_of_a_scrape(line: str) -> None:
    assert line in render(collect(STATUS)).splitlines()


def test_the_status_for_people() -> None:
    text = "\n".join(lines(STATUS))
    assert "pool four: ipv4 7 used, 0 free" in text and "pool none: no addresses" in text
    assert "waiting: d/web: no address" in text


@pytest.mark.parametrize(
    ("lease", "said"),
    [
        ({}, "node1_x: active, configuration"),
        ({"acting": False}, "node1_x: about to act, configuration"),
        ({"leading": False, "holder": "node2_y"}, "node1_x: standby; active: node2_y, configuration"),
        ({"leading": False, "holder": ""}, "node1_x: standby; active: nobody, configuration"),
        ({"leading": False}, "node1_x: not active: it could not renew its Lease in time, configuration"),
    ],
)
def test_who_is_active(lease: dict[str, Any], said: str) -> None:
    assert next(lines({**STATUS, "lease": {**STATUS["lease"], **lease}})).startswith(said)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("config", "invalid"),
        ("lease", {**STATUS["lease"], "acting": False}),
        ("lease", {**STATUS["lease"], "leading": False, "holder": ""}),
        ("lease", {**STATUS["lease"], "leading": False}),
        ("kubernetes", {**STATUS["kubernetes"], "away": ["Service"]}),
        ("writes", {**STATUS["writes"], "refused": {"d/web": "403"}}),
    ],
)
def test_what_is_not_well(part: str, value: Any) -> None:
    assert healthy(STATUS)
    assert not healthy({**STATUS, part: value})
