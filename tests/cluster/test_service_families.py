# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of Services as a real API server understands them, in clusters of every set of families.

What the documents that the collection was asked to cover claim about them stands here as what really happens:
docs/sources.md names these tests.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from cluster.api import ApiError
from cluster.control_plane import SERVICE_CIDRS, ControlPlane

CIDRS = {"IPv4": SERVICE_CIDRS[0], "IPv6": SERVICE_CIDRS[1]}
CLUSTERS = [("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4")]
OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}
SERVICES = "/api/v1/namespaces/default/services"
_NUMBERS = itertools.count(1)
Object = dict[str, Any]


class Here:
    """A cluster of some families, the first one its primary family."""

    def __init__(self, plane: ControlPlane, families: tuple[str, ...]) -> None:
        self.plane, self.families = plane, families
        self.primary = families[0]

    def create(self, **spec: Any) -> Object:
        """The spec of a new Service."""
        made = {"metadata": {"name": f"service-{next(_NUMBERS)}"}, "spec": {"ports": [{"port": 80}], **spec}}
        answer: Object = self.plane.api.create(SERVICES, made)
        return {**answer["spec"], "path": f"{SERVICES}/{answer['metadata']['name']}"}

    def patch(self, spec: Object, **changes: Any) -> Object:
        """The spec after a merge patch."""
        answer: Object = self.plane.api.patch(spec["path"], {"spec": changes})
        return {**answer["spec"], "path": spec["path"]}


@pytest.fixture(scope="module", params=CLUSTERS, ids=", ".join)
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    families: tuple[str, ...] = request.param
    plane = ControlPlane(tmp_path_factory.mktemp("families"), service_cidrs=[CIDRS[one] for one in families])
    try:
        plane.start()
        yield Here(plane, families)
    finally:
        plane.end()


def refused(words: str) -> Any:
    return pytest.raises(ApiError, match=words)


def addresses(spec: Object) -> list[str]:
    """The families of its ClusterIPs."""
    return ["IPv6" if ":" in one else "IPv4" for one in spec.get("clusterIPs", []) if one != "None"]


def test_without_a_policy_a_service_has_the_first_family_alone(here: Here) -> None:
    spec = here.create()
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("SingleStack", [here.primary])
    assert addresses(spec) == [here.primary]


@pytest.mark.parametrize("family", CIDRS)
def test_a_service_of_one_family(here: Here, family: str) -> None:
    for more in ({}, {"ipFamilyPolicy": "SingleStack"}):
        if family in here.families:
            assert addresses(here.create(ipFamilies=[family], **more)) == [family]
        else:
            with refused("not configured on this cluster"):
                here.create(ipFamilies=[family], **more)


@pytest.mark.parametrize("families", [["IPv4", "IPv6"], ["IPv6", "IPv4"]], ids=", ".join)
def test_two_families_and_no_policy_or_single_stack_are_refused(here: Here, families: list[str]) -> None:
    for more in ({}, {"ipFamilyPolicy": "SingleStack"}):
        with refused("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"):
            here.create(ipFamilies=families, **more)


def test_prefer_dual_stack_takes_what_there_is(here: Here) -> None:
    assert addresses(here.create(ipFamilyPolicy="PreferDualStack")) == list(here.families)


@pytest.mark.parametrize("families", [["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]], ids=", ".join)
def test_prefer_dual_stack_with_families_named(here: Here, families: list[str]) -> None:
    """It does not fall back from a family that is named: such a manifest can't be taken to a cluster of one family."""
    if set(families) <= set(here.families):
        named = addresses(here.create(ipFamilyPolicy="PreferDualStack", ipFamilies=families))
        assert named[: len(families)] == families and set(named) == set(here.families)
    else:
        with refused("not configured on this cluster"):
            here.create(ipFamilyPolicy="PreferDualStack", ipFamilies=families)


@pytest.mark.parametrize("families", [None, ["IPv4"], ["IPv6"], ["IPv6", "IPv4"]], ids=str)
def test_require_dual_stack(here: Here, families: list[str] | None) -> None:
    named = {} if families is None else {"ipFamilies": families}
    if len(here.families) == 1:
        with refused("this cluster is not configured for dual-stack services"):
            here.create(ipFamilyPolicy="RequireDualStack", **named)
    else:
        first = (families or [here.primary])[0]
        assert addresses(here.create(ipFamilyPolicy="RequireDualStack", **named)) == [first, OTHER[first]]


def test_a_headless_service_with_a_selector_has_the_first_family_alone(here: Here) -> None:
    spec = here.create(clusterIP="None", selector={"app": "web"})
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("SingleStack", [here.primary])


def test_a_headless_service_without_a_selector_requires_both_families_even_where_there_is_one(here: Here) -> None:
    """True while no policy is given: a policy that is given holds."""
    spec = here.create(clusterIP="None")
    assert spec["ipFamilyPolicy"] == "RequireDualStack"
    assert spec["ipFamilies"] == [here.primary, OTHER[here.primary]]
    stated = here.create(clusterIP="None", ipFamilyPolicy="SingleStack")
    assert (stated["ipFamilyPolicy"], stated["ipFamilies"]) == ("SingleStack", [here.primary])


def test_a_headless_service_changes_its_families_freely(here: Here) -> None:
    spec = here.create(clusterIP="None", ipFamilyPolicy="RequireDualStack")
    other = OTHER[here.primary]
    changed = here.patch(spec, ipFamilies=[other, here.primary])
    assert changed["ipFamilies"] == [other, here.primary]


def test_an_external_name_has_no_families_and_none_may_be_given(here: Here) -> None:
    name = {"type": "ExternalName", "externalName": "shop.example"}
    spec = here.create(**name)
    assert not {"clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(spec)
    for more in ({"ipFamilies": [here.primary]}, {"ipFamilyPolicy": "PreferDualStack"}):
        with refused("may not be set for ExternalName services"):
            here.create(**name, **more)


def test_by_way_of_an_external_name_a_service_changes_its_first_family(here: Here) -> None:
    """The families are taken away with the type, and chosen anew when it comes back."""
    if len(here.families) == 1:
        return  # there is none to choose
    spec = here.create(ipFamilyPolicy="RequireDualStack")
    other = OTHER[here.primary]
    with refused("(may not change once set|expected an)"):
        here.patch(spec, ipFamilies=[other, here.primary])
    gone = here.patch(spec, type="ExternalName", externalName="shop.example", clusterIP=None, clusterIPs=None)
    assert not {"clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(gone)
    words = {"ipFamilies": [other, here.primary], "ipFamilyPolicy": "RequireDualStack"}
    back = here.patch(gone, type="ClusterIP", externalName=None, **words)
    assert addresses(back) == [other, here.primary]


def test_the_second_family_comes_and_goes_and_the_first_one_stays(here: Here) -> None:
    """``ipFamilies`` is not immutable: its first entry is."""
    spec = here.create()
    first = spec["clusterIP"]
    both = here.patch(spec, ipFamilyPolicy="PreferDualStack")
    if len(here.families) == 1:
        assert both["ipFamilies"] == [here.primary]
        return
    assert both["ipFamilies"] == list(here.families) and both["clusterIPs"][0] == first and len(both["clusterIPs"]) == 2
    with refused("must be 'SingleStack' to release the secondary"):
        here.patch(both, ipFamilies=[here.primary], clusterIPs=[first])
    single = here.patch(both, ipFamilyPolicy="SingleStack")
    assert single["ipFamilies"] == [here.primary] and single["clusterIPs"] == [first]
    other = str(ipaddress.ip_address(first) - 1)
    with refused("may not change once set"):
        here.patch(single, clusterIP=other, clusterIPs=[other])


def test_the_service_of_the_api_itself_has_one_family(here: Here) -> None:
    spec = here.plane.api.get(f"{SERVICES}/kubernetes")["spec"]
    assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("SingleStack", [here.primary])


def test_the_service_of_the_api_itself_keeps_a_second_address_that_leads_nowhere(here: Here) -> None:
    """Why it is left out of every bulk change: the patch is taken, and nobody takes it back."""
    path = f"{SERVICES}/kubernetes"
    patched = here.plane.api.patch(path, {"spec": {"ipFamilyPolicy": "PreferDualStack"}})["spec"]
    try:
        assert len(patched["clusterIPs"]) == len(here.families)
    finally:
        mended = here.plane.api.patch(path, {"spec": {"ipFamilyPolicy": "SingleStack"}})["spec"]
    assert len(mended["clusterIPs"]) == 1


def test_the_status_of_a_load_balancer_is_not_checked_against_the_families_of_its_service(here: Here) -> None:
    """So who writes it must: kube-proxy leaves out an address of a family that the Service has not."""
    spec = here.create(type="LoadBalancer")
    both = [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]
    status = here.plane.api.request(
        "PATCH",
        f"{spec['path']}/status",
        {"status": {"loadBalancer": {"ingress": both}}},
        "application/merge-patch+json",
    )["status"]
    assert [(one["ip"], one["ipMode"]) for one in status["loadBalancer"]["ingress"]] == [
        ("192.0.2.1", "VIP"),
        ("2001:db8::1", "VIP"),
    ]
    assert len(addresses(spec)) == 1


def test_sources_of_one_family_alone_are_taken_without_a_word(here: Here) -> None:
    """The other family of such a Service is open to everybody: the evidence has a row for it, and manifests a rule."""
    spec = here.create(type="LoadBalancer", ipFamilyPolicy="PreferDualStack", loadBalancerSourceRanges=["10.0.0.0/8"])
    assert spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"] and addresses(spec) == list(here.families)


def test_a_load_balancer_can_not_be_headless(here: Here) -> None:
    with refused("may not be set to 'None' for LoadBalancer services"):
        here.create(type="LoadBalancer", clusterIP="None")


def test_a_service_that_preferred_both_families_stays_with_one_when_the_cluster_gets_the_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Neither the change of the flags nor an unrelated update gives it the second family; naming both families does."""
    plane = ControlPlane(tmp_path_factory.mktemp("upgrade"), service_cidrs=SERVICE_CIDRS[:1])
    try:
        plane.start()
        spec = Here(plane, ("IPv4",)).create(ipFamilyPolicy="PreferDualStack")
        plane.apiserver.end()
        plane.apiserver.command.append(f"--service-cluster-ip-range={','.join(SERVICE_CIDRS)}")  # the last one counts
        plane.start()
        here = Here(plane, ("IPv4", "IPv6"))
        same = here.patch(spec, sessionAffinity="ClientIP", ipFamilyPolicy="PreferDualStack")
        assert addresses(same) == ["IPv4"]
        assert addresses(here.patch(spec, ipFamilies=["IPv4", "IPv6"])) == ["IPv4", "IPv6"]
        assert addresses(here.create(ipFamilyPolicy="PreferDualStack")) == ["IPv4", "IPv6"]
    finally:
        plane.end()
