# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model as plain Kubernetes objects, which ``collection.parse`` reads back to the same model.

Fields that hold their default are left out. Passwords are written as they are: who keeps objects keeps no Secrets among
the resources, and names them in ``Peer.password_secret``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..addresses.blocks import FAMILY_NAME, IPV4, IPV6, range_text
from . import extensions
from .cluster import SERVICE_NAME
from .model import (
    BGP_PORT,
    FULL_LENGTHS,
    Advertisement,
    BFDProfile,
    BGPAdvertisement,
    Communities,
    EndpointSlice,
    L2Advertisement,
    Namespace,
    Node,
    Peer,
    Pool,
    Resources,
    Secret,
    Service,
)
from .selectors import IN, Selector
from .wishes import (
    ADDRESSES,
    ALLOCATED_FROM,
    CLUSTER,
    LOCAL,
    OLD_PREFIX,
    POOL,
    PREFIX,
    SHARING,
    ServicePort,
    ServiceWish,
)
from .words import BASIC_AUTH, NAMESPACE

Object = dict[str, Any]


def objects(resources: Resources, namespace: str = NAMESPACE) -> list[Object]:
    """All resources in an order in which they can be applied at once: what others name stands before them.

    ``namespace`` is that of MetalLB and of its Secrets; Services keep their own.
    """
    return list(_objects(resources, namespace))


def service(wish: ServiceWish) -> Object:
    """A Service that asks for what ``wish`` says; ``wishes.service_wish`` reads it back."""
    annotations = {
        _key(wish, suffix): text
        for suffix, text in (
            (POOL, wish.pool),
            (ADDRESSES, None if wish.by_field else ",".join(wish.addresses) or None),
            (SHARING, wish.sharing_key),
            (ALLOCATED_FROM, wish.allocated_from),
        )
        if text is not None
    }
    annotations.update(wish.annotations)
    spec = {
        "type": "LoadBalancer",
        **_stated(
            loadBalancerIP=wish.addresses[0] if wish.by_field else None,
            loadBalancerClass=wish.load_balancer_class,
            externalTrafficPolicy=wish.traffic_policy if wish.traffic_policy != CLUSTER else None,
            ipFamilyPolicy=wish.policy,
            ipFamilies=[FAMILY_NAME[family] for family in wish.families],
            selector=dict(wish.selector),
            ports=[_port(port) for port in wish.ports],
        ),
    }
    result = _object("v1", "Service", wish.name, wish.namespace, wish.labels, spec)
    if annotations:
        result["metadata"]["annotations"] = annotations
    if wish.assigned:
        result["status"] = {"loadBalancer": {"ingress": [{"ip": address} for address in wish.assigned]}}
    return result


def _objects(resources: Resources, namespace: str) -> Iterator[Object]:
    yield from (_node(entry) for entry in _sorted(resources.nodes))
    yield from (_namespace(entry) for entry in _sorted(resources.namespaces))
    yield from (_secret(entry, namespace) for entry in _sorted(resources.secrets))
    for kind, version, entries, spec in (
        ("Community", "v1beta1", _sorted(resources.communities), _communities),
        ("BFDProfile", "v1beta1", _sorted(resources.bfd_profiles), _bfd_profile),
        ("BGPPeer", "v1beta2", _sorted(resources.peers), _peer),
        ("IPAddressPool", "v1beta1", _sorted(resources.pools), _pool),
        ("L2Advertisement", "v1beta1", _sorted(resources.l2_advertisements), _l2_advertisement),
        ("BGPAdvertisement", "v1beta1", _sorted(resources.bgp_advertisements), _bgp_advertisement),
    ):
        for entry in entries:
            labels = entry.labels if isinstance(entry, Pool) else {}
            written = _object(f"metallb.io/{version}", kind, entry.name, namespace, labels, spec(entry))
            if isinstance(entry, Peer) and (said := extensions.said(entry)):
                written["metadata"]["annotations"] = said
            if isinstance(entry, Pool) and (said := extensions.said_of_pool(entry)):
                written["metadata"]["annotations"] = said
            if isinstance(entry, (BGPAdvertisement, L2Advertisement)) and (said := extensions.said_of_advert(entry)):
                written["metadata"]["annotations"] = said
            yield written
    yield from (_service(entry) for entry in _sorted(resources.services))
    yield from (_endpoint_slice(entry) for entry in _sorted(resources.endpoint_slices))


def _sorted(entries: Mapping[str, Any]) -> list[Any]:
    return [entries[name] for name in sorted(entries)]


def _object(version: str, kind: str, name: str, namespace: str, labels: Mapping[str, str], spec: Object) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _stated(**fields: Any) -> Object:
    """The fields without those that are not set."""
    return {name: value for name, value in fields.items() if value is not None and value != [] and value != {}}


def _flags(**fields: bool) -> Object:
    return {name: True for name, value in fields.items() if value}


def _pool(pool: Pool) -> Object:
    spec: Object = {"addresses": [range_text(block) if block in pool.ranges else str(block) for block in pool.blocks]}
    if not pool.auto_assign:
        spec["autoAssign"] = False
    spec.update(_flags(avoidBuggyIPs=pool.avoid_buggy_ips))
    if pool.allocation is not None:
        spec["serviceAllocation"] = _stated(
            priority=pool.allocation.priority or None,
            namespaces=list(pool.allocation.namespaces),
            namespaceSelectors=_selectors(pool.allocation.namespace_selectors),
            serviceSelectors=_selectors(pool.allocation.service_selectors),
        )
    return spec


def _selection(advert: Advertisement) -> Object:
    return _stated(
        ipAddressPools=list(advert.pools),
        ipAddressPoolSelectors=_selectors(advert.pool_selectors),
        nodeSelectors=_selectors(advert.node_selectors),
        serviceSelectors=_selectors(advert.service_selectors),
    )


def _l2_advertisement(advert: L2Advertisement) -> Object:
    preferences = [{"weight": entry.weight, "preference": _selector(entry.selector)} for entry in advert.preferences]
    return {
        **_selection(advert),
        **_stated(interfaces=list(advert.interfaces), preferredNodeSelectors=preferences),
    }


def _bgp_advertisement(advert: BGPAdvertisement) -> Object:
    lengths = {family: length for family, length in advert.lengths.items() if length != FULL_LENGTHS[family]}
    return {
        **_selection(advert),
        **_stated(
            aggregationLength=lengths.get(IPV4),
            aggregationLengthV6=lengths.get(IPV6),
            localPref=advert.local_preference or None,
            communities=list(advert.communities),
            peers=list(advert.peers),
        ),
    }


def _peer(peer: Peer) -> Object:
    secret = _stated(name=peer.password_secret, namespace=peer.password_secret_namespace)
    return {
        "myASN": peer.my_asn,
        **_stated(
            peerASN=peer.peer_asn,
            dynamicASN=peer.dynamic_asn,
            localASN=peer.local_asn,
            peerAddress=peer.address,
            interface=peer.interface,
            sourceAddress=peer.source_address,
            peerPort=peer.port if peer.port != BGP_PORT else None,
            holdTime=_seconds(peer.hold_time),
            keepaliveTime=_seconds(peer.keepalive_time),
            connectTime=_seconds(peer.connect_time),
            routerID=peer.router_id,
            nodeSelectors=_selectors(peer.node_selectors),
            password=peer.password,
            passwordSecret=secret,
            bfdProfile=peer.bfd_profile,
            vrf=peer.vrf,
        ),
        **_flags(
            enableGracefulRestart=peer.graceful_restart,
            ebgpMultiHop=peer.multihop,
            disableMP=peer.disable_mp,
            dualStackAddressFamily=peer.both_families,
        ),
    }


def _communities(entry: Communities) -> Object:
    return _stated(communities=[{"name": name, "value": value} for name, value in entry.values])


def _bfd_profile(profile: BFDProfile) -> Object:
    return {
        **_stated(
            receiveInterval=profile.receive_interval,
            transmitInterval=profile.transmit_interval,
            echoInterval=profile.echo_interval,
            detectMultiplier=profile.detect_multiplier,
            minimumTtl=profile.minimum_ttl,
        ),
        **_flags(echoMode=profile.echo_mode, passiveMode=profile.passive_mode),
    }


def _node(node: Node) -> Object:
    metadata: Object = {"name": node.name, **_stated(labels=dict(node.labels))}
    if node.drain is not None:
        metadata["annotations"] = {extensions.DRAIN: str(node.drain)}
    if node.uid:
        metadata["uid"] = node.uid
    conditions = [{"type": "NetworkUnavailable", "status": "True"}] if node.network_unavailable else []
    conditions += [] if node.ready else [{"type": "Ready", "status": "False"}]
    addresses = [{"type": "InternalIP", "address": address} for address in node.addresses]
    status = _stated(conditions=conditions, addresses=addresses)
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, **_stated(status=status)}


def _namespace(namespace: Namespace) -> Object:
    metadata = {"name": namespace.name, **_stated(labels=dict(namespace.labels))}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _endpoint_slice(entry: EndpointSlice) -> Object:
    """Its endpoints without their addresses, which the model does not keep."""
    endpoints: list[Object] = [{"nodeName": name} for name in entry.nodes]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": entry.name,
            "namespace": entry.namespace,
            "labels": {SERVICE_NAME: entry.service[len(entry.namespace) + 1 :]},
        },
        "addressType": FAMILY_NAME[entry.family],
        "endpoints": endpoints or ([{}] if entry.serving else []),
    }


def _secret(secret: Secret, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret.name, "namespace": namespace},
        "type": BASIC_AUTH,
        "stringData": {"password": secret.password},
    }


def _service(entry: Service) -> Object:
    result = service(
        ServiceWish(
            namespace=entry.namespace,
            name=entry.name,
            labels=entry.labels,
            sharing_key="" if entry.shared else None,
            allocated_from=",".join(entry.noted) or None,
            load_balancer_class=entry.load_balancer_class,
            traffic_policy=LOCAL if entry.local else CLUSTER,
            families=entry.families,
            assigned=entry.addresses,
        )
    )
    if entry.uid:
        result["metadata"]["uid"] = entry.uid
    return result


def _key(wish: ServiceWish, suffix: str) -> str:
    old = f"{OLD_PREFIX}/{suffix}"
    return old if old in wish.old_annotations else f"{PREFIX}/{suffix}"


def _port(port: ServicePort) -> Object:
    protocol = port.protocol if port.protocol != "TCP" else None
    return {**_stated(name=port.name, protocol=protocol), "port": port.port, **_stated(targetPort=port.target)}


def _seconds(value: int | None) -> str | None:
    return None if value is None else f"{value}s"


def _selectors(selectors: Iterable[Selector]) -> list[Object]:
    return [_selector(selector) for selector in selectors]


def _selector(selector: Selector) -> Object:
    """Leading requirements of one value become matchLabels, as long as reading them back keeps their order."""
    labels: dict[str, str] = {}
    rest = list(selector.requirements)
    while rest and rest[0].operator == IN and len(rest[0].values) == 1 and rest[0].key > max(labels, default=""):
        first = rest.pop(0)
        labels[first.key] = first.values[0]
    expressions = [
        {"key": entry.key, "operator": entry.operator, **({"values": list(entry.values)} if entry.values else {})}
        for entry in rest
    ]
    return _stated(matchLabels=labels, matchExpressions=expressions)
