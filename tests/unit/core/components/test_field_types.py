# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of the fields of kubelet and kube-proxy; the real kubeadm judges them in tests/cluster."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack.components.field_names import KUBELET, PROXY
from dualstack.components.field_types import TYPE, misfits


def test_every_field_has_a_type() -> None:
    assert set(TYPE) == {*KUBELET, *PROXY}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxPods", 60),
        ("maxPods", None),
        ("failSwapOn", False),
        ("memoryThrottlingFactor", 1),
        ("syncFrequency", "1h2.5m"),
        ("syncFrequency", "0"),
        ("systemReserved", {"cpu": "500m", "memory": None}),
        ("enforceNodeAllocatable", ["pods"]),
        ("tlsCurvePreferences", [29]),
        ("authentication", {"anonymous": {"enabled": False}}),
        ("registerWithTaints", [{"key": "x"}]),
        ("staticPodURLHeader", {"Accept": ["text/yaml"]}),
        ("featureGates", {"NodeSwap": True}),
        ("notKnown", object()),
    ],
)
def test_what_fits(name: str, value: Any) -> None:
    assert list(misfits(name, value)) == []


@pytest.mark.parametrize(
    ("name", "value", "paths"),
    [
        ("maxPods", "60", ["maxPods"]),
        ("maxPods", True, ["maxPods"]),
        ("maxPods", 1 << 31, ["maxPods"]),
        ("podPidsLimit", 1 << 63, ["podPidsLimit"]),
        ("maxPods", 1.5, ["maxPods"]),
        ("failSwapOn", "false", ["failSwapOn"]),
        ("memoryThrottlingFactor", "0.9", ["memoryThrottlingFactor"]),
        ("syncFrequency", 60, ["syncFrequency"]),
        ("syncFrequency", "60", ["syncFrequency"]),
        ("syncFrequency", None, ["syncFrequency"]),
        ("evictionHard", ["a"], ["evictionHard"]),
        ("systemReserved", {"cpu": 1, "memory": "1Gi"}, ["systemReserved.cpu"]),
        ("enforceNodeAllocatable", "pods", ["enforceNodeAllocatable"]),
        ("enforceNodeAllocatable", ["pods", 1, 2], ["enforceNodeAllocatable[1]", "enforceNodeAllocatable[2]"]),
        ("authentication", "webhook", ["authentication"]),
        ("registerWithTaints", ["x"], ["registerWithTaints[0]"]),
        ("staticPodURLHeader", {"Accept": "text/yaml"}, ["staticPodURLHeader.Accept"]),
        ("featureGates", {"NodeSwap": "true"}, ["featureGates.NodeSwap"]),
        ("bindAddress", 5, ["bindAddress"]),
    ],
)
def test_what_does_not_fit(name: str, value: Any, paths: list[str]) -> None:
    found = list(misfits(name, value))
    assert [each.path for each in found] == paths
    assert all(each.expected and each.fix.endswith(".") for each in found)
