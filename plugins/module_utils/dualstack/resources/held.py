# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as the allocator needs them: what they ask for, the families of their ClusterIPs, what they hold by now.

Unlike ``wishes.service_wish`` this reads a Service also when it is of another type by now but still notes a pool, so
that the note is taken away, and when it can't be understood: ``problem`` says why, and it keeps what its status holds.
Rules: MetalLB `controller/service.go` (0.16); Kubernetes API, ServiceSpec and LoadBalancerIngress.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..addresses.blocks import FAMILY_NAME, AddressError, address_text, family_of, parse_address
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import Report
from .extensions import IP_MODE, unheard
from .shapes import listing, mapping
from .wishes import (
    ADDRESSES,
    ALLOCATED_FROM,
    OLD_PREFIX,
    PREFIX,
    PROXY,
    VIP,
    ServiceWish,
    annotation,
    service_wish,
)


def held_wish(given: Mapping[str, Any], report: Report) -> ServiceWish | None:
    """A Service for the allocator; None where it is of another type and notes no pool: then it is none of ours."""
    metadata, spec = mapping(given.get("metadata")), mapping(given.get("spec"))
    annotations = mapping(metadata.get("annotations"))
    load_balancer = spec.get("type") == "LoadBalancer"
    noted_under, noted = annotation(annotations, ALLOCATED_FROM)
    if not load_balancer and noted is None:
        return None
    found: list[Finding] = []
    wish = service_wish(given, found.append) if load_balancer else None
    problem = next((_told(finding) for finding in found if finding.severity == ERROR), "")
    if wish is None and load_balancer:
        wish = service_wish(_asking_nothing(given, spec, metadata), lambda _unused: None)
    path = f"Service {metadata.get('namespace') or 'default'}/{metadata.get('name')}"
    mode = _mode(annotations.get(IP_MODE), path, found.append)
    families = _cluster_families(spec)
    found += _unheard(wish, families, path) if wish is not None and not problem else ()
    if load_balancer:
        unheard("Service", annotations, path, found.append)
    for finding in found:
        report(finding)
    ingress = [
        mapping(entry) for entry in listing(mapping(mapping(given.get("status")).get("loadBalancer")).get("ingress"))
    ]
    if wish is None:
        wish = ServiceWish(
            namespace=str(metadata.get("namespace") or "default"),
            name=str(metadata.get("name")),
            load_balancer_class=str(spec.get("loadBalancerClass") or "") or None,
            assigned=_assigned(ingress),
            allocated_from=noted,
            old_annotations=(noted_under,) if noted_under.startswith(OLD_PREFIX) else (),
            load_balancer=load_balancer,
        )
    return replace(
        wish,
        problem=problem,
        annotations={},
        cluster_families=families,
        ip_mode=mode,
        held_mode=_common(str(entry.get("ipMode") or VIP) for entry in ingress),
        hostnames=any(entry.get("hostname") for entry in ingress),
    )


def _unheard(wish: ServiceWish, families: tuple[str, ...], path: str) -> Iterator[Finding]:
    """Addresses of a family that the Service has not. MetalLB refuses all of them; here the others are given."""
    for text in wish.addresses if families else ():
        if family_of(text) not in families:
            name = FAMILY_NAME[family_of(text)]
            where = f"{path}: spec.loadBalancerIP" if wish.by_field else f"{path}: metadata.annotations[{ADDRESSES}]"
            reason = f"the Service has no {name} ClusterIP, and so gets no {name} address"
            fix = f"Add {name} to ipFamilies (ipFamilyPolicy PreferDualStack or RequireDualStack), or leave it out."
            yield Finding("address-family", WARNING, where, text, reason, fix)


def _asking_nothing(
    given: Mapping[str, Any], spec: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The Service without the addresses that it asks for: what is wrong is mostly these."""
    asking = {f"{prefix}/{ADDRESSES}" for prefix in (PREFIX, OLD_PREFIX)}
    rest = {key: text for key, text in mapping(metadata.get("annotations")).items() if key not in asking}
    bare = {key: value for key, value in spec.items() if key != "loadBalancerIP"}
    return {**given, "spec": bare, "metadata": {**metadata, "annotations": rest}}


def _told(finding: Finding) -> str:
    """A finding without the Service, of which an event speaks anyway."""
    place = finding.path.partition(": ")[2]
    return f"{place}: {finding.value}: {finding.reason}. {finding.fix}"


def _mode(text: Any, path: str, report: Report) -> str:
    if text in (VIP, PROXY):
        return str(text)
    if text is not None:
        where = f"{path}: metadata.annotations[{IP_MODE}]"
        report(
            Finding("ip-mode", WARNING, where, str(text), f"is neither {VIP} nor {PROXY}", f"Write {VIP} or {PROXY}.")
        )
    return VIP


def _common(modes: Any) -> str:
    different = set(modes) or {VIP}
    return str(different.pop()) if len(different) == 1 else ""


def _cluster_families(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The families of the ClusterIPs, each once; none for a headless Service."""
    texts = listing(spec.get("clusterIPs")) or [spec.get("clusterIP")]
    return tuple(dict.fromkeys(family_of(text) for text in texts if isinstance(text, str) and text not in ("", "None")))


def _assigned(ingress: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """The addresses of the status that can be read."""
    found = []
    for entry in ingress:
        try:
            block = parse_address(str(entry.get("ip")))
        except AddressError:
            continue
        found.append(address_text(block.family, block.first))
    return tuple(dict.fromkeys(found))
