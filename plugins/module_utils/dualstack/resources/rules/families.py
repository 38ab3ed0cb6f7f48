# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the families of any Service, as kube-apiserver and kube-proxy have them: what is refused, and what does
something else than it looks like. Source: Kubernetes `pkg/registry/core/service/storage/alloc.go`,
`pkg/apis/core/validation/validation.go`, `pkg/proxy/serviceport.go`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...addresses.blocks import FAMILIES, FAMILY_NAME, family_of
from ...findings import ERROR, HINT, WARNING
from ..model import Key
from ..shapes import listing, mapping
from ..wishes import PREFER, REQUIRE
from .rule import Case, Problem, rule

_FIELDS = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
_HEADLESS = "None"


def _services(case: Case) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    for key, given in case.objects:
        if key.kind == "Service" and given["apiVersion"] == "v1":
            yield key, mapping(given.get("spec"))


def _both(spec: Mapping[str, Any]) -> bool:
    """Whether it has, or gets in a cluster of both families, addresses of both."""
    return spec.get("ipFamilyPolicy") in (PREFER, REQUIRE) or len(listing(spec.get("ipFamilies"))) > 1


def _headless(spec: Mapping[str, Any]) -> bool:
    return spec.get("clusterIP") == _HEADLESS or listing(spec.get("clusterIPs")) == [_HEADLESS]


@rule("source-ranges-of-one-family", WARNING)
def source_ranges_of_one_family(case: Case) -> Iterator[Problem]:
    """loadBalancerSourceRanges of a Service with both families are of both.

    Source: kube-proxy limits each family by the ranges of that family, and one without any not at all; the API server
    takes it without a warning (tests on a real one).
    """
    for key, spec in _services(case):
        ranges = [one for one in listing(spec.get("loadBalancerSourceRanges")) if isinstance(one, str)]
        lacking = [family for family in FAMILIES if family not in {family_of(one) for one in ranges}]
        if ranges and lacking and _both(spec):
            name = FAMILY_NAME[lacking[0]]
            fix = f"Add ranges of {name}, or give the Service the other family alone."
            reason = f"limits one family; over {name} everybody comes in"
            yield Problem(f"{key}: spec.loadBalancerSourceRanges", ", ".join(ranges), reason, fix)


@rule("external-name-families", ERROR)
def external_name_families(case: Case) -> Iterator[Problem]:
    """A Service of the type ExternalName has no families.

    Source: kube-apiserver: "may not be set for ExternalName services". A Service that becomes one loses them, and may
    have others, also another first one, when it changes back.
    """
    for key, spec in _services(case):
        for field in _FIELDS if spec.get("type") == "ExternalName" else ():
            if spec.get(field):
                reason = "the API server refuses it: a name has no family"
                yield Problem(f"{key}: spec.{field}", str(spec[field]), reason, f"Leave {field} out.")


@rule("headless-load-balancer", ERROR)
def headless_load_balancer(case: Case) -> Iterator[Problem]:
    """A Service that gets a VIP has ClusterIPs.

    Source: kube-apiserver: "may not be set to 'None' for LoadBalancer services".
    """
    for key, spec in _services(case):
        if spec.get("type") in ("LoadBalancer", "NodePort") and _headless(spec):
            reason = f"a {spec['type']} can't be headless"
            yield Problem(f"{key}: spec.clusterIP", _HEADLESS, reason, "Leave clusterIP out.")


@rule("headless-requires-both", HINT)
def headless_requires_both(case: Case) -> Iterator[Problem]:
    """A headless Service without selector says which families it has.

    Source: kube-apiserver gives it RequireDualStack and both families while ipFamilyPolicy is unset, also in a cluster
    of one family; one with a selector gets the first family alone.
    """
    for key, spec in _services(case):
        stated = spec.get("selector") or spec.get("ipFamilyPolicy") or spec.get("type") == "ExternalName"
        if _headless(spec) and not stated:
            reason = "becomes RequireDualStack with both families, whatever families the cluster has"
            fix = "Write ipFamilyPolicy, with the families of the EndpointSlices that you make for it."
            yield Problem(f"{key}: spec.ipFamilyPolicy", "", reason, fix)


@rule("default-service", ERROR)
def default_service(case: Case) -> Iterator[Problem]:
    """The Service of the API itself keeps one family.

    Source: its endpoints are of the family of --advertise-address alone. The API server takes the change, keeps it, and
    nothing repairs it: the second address leads nowhere.
    """
    for key, spec in _services(case):
        if (key.namespace, key.name) == ("default", "kubernetes") and _both(spec):
            reason = "its second address has no endpoint, and stays"
            fix = "Leave default/kubernetes out of bulk changes; ipFamilyPolicy: SingleStack takes it back."
            yield Problem(f"{key}: spec.ipFamilyPolicy", str(spec.get("ipFamilyPolicy") or ""), reason, fix)


RULES = (
    source_ranges_of_one_family,
    external_name_families,
    headless_load_balancer,
    headless_requires_both,
    default_service,
)
