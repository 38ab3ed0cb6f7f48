# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the families of Services, beside what a real API server makes of the same (tests/cluster)."""

from __future__ import annotations

import pytest
from manifests import Object, thing

from dualstack.findings import ERROR, HINT, WARNING
from dualstack.resources import modes, rules

PORTS = [{"port": 80}]
V4, V6 = "198.51.100.0/24", "2001:db8:c1::/64"


def found(name: str = "web", **spec: object) -> dict[str, tuple[str, str]]:
    """Rule → severity and fix, of a Service in the namespace default."""
    given: Object = thing("Service", name, {"ports": PORTS, "selector": {"app": "web"}, **spec}, namespace="default")
    mine = {rule.id for rule in rules.families.RULES}
    return {
        finding.id: (finding.severity, f"{finding.reason} {finding.fix}")
        for finding in rules.check([given], modes.SPEAKER)
        if finding.id in mine
    }


@pytest.mark.parametrize(("ranges", "opened"), [([V4], "IPv6"), ([V6], "IPv4"), ([V4, V6], None), ([], None)])
@pytest.mark.parametrize("policy", ["PreferDualStack", "RequireDualStack", "SingleStack", None])
def test_sources_of_one_family_leave_the_other_open(ranges: list[str], opened: str | None, policy: str | None) -> None:
    told = found(type="LoadBalancer", loadBalancerSourceRanges=ranges, ipFamilyPolicy=policy)
    if opened is None or policy in ("SingleStack", None):
        assert told == {}
    else:
        severity, words = told["source-ranges-of-one-family"]
        assert severity == WARNING and f"over {opened} everybody" in words and f"Add ranges of {opened}" in words


@pytest.mark.parametrize(
    ("field", "value"),
    [("ipFamilies", ["IPv4"]), ("ipFamilies", ["IPv6"]), ("ipFamilyPolicy", "SingleStack"), ("clusterIPs", ["::1"])],
)
def test_a_name_has_no_families(field: str, value: object) -> None:
    name = {"type": "ExternalName", "externalName": "shop.example"}
    assert found(**name) == {}
    assert found(**name, **{field: value})["external-name-families"][0] == ERROR


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
@pytest.mark.parametrize("headless", [{"clusterIP": "None"}, {"clusterIPs": ["None"]}])
def test_what_has_a_vip_is_not_headless(kind: str, headless: dict[str, object]) -> None:
    assert found(type=kind, **headless)["headless-load-balancer"][0] == ERROR


def test_headless_without_selector_requires_both_families_unless_it_says_otherwise() -> None:
    told = found(clusterIP="None", selector=None)
    assert told["headless-requires-both"][0] == HINT
    assert found(clusterIP="None") == {}
    for policy in ("SingleStack", "PreferDualStack", "RequireDualStack"):
        assert found(clusterIP="None", selector=None, ipFamilyPolicy=policy) == {}


@pytest.mark.parametrize("policy", ["PreferDualStack", "RequireDualStack"])
def test_the_service_of_the_api_keeps_one_family(policy: str) -> None:
    assert found("kubernetes", ipFamilyPolicy=policy)["default-service"][0] == ERROR
    assert found("kubernetes", ipFamilyPolicy="SingleStack") == {}
    assert found("web", ipFamilyPolicy=policy) == {}
