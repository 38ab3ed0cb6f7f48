# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects in few words, for tests."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

NAMESPACE = "metallb-system"


def thing(
    kind: str, name: str, spec: Object | None = None, version: str = "v1", namespace: str = NAMESPACE, **rest: Any
) -> Object:
    """Any object; ``rest`` stands beside its metadata, ``labels`` and ``annotations`` in them."""
    metadata = {"name": name, "namespace": namespace}
    metadata.update({key: rest.pop(key) for key in ("labels", "annotations") if key in rest})
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata,
        **({} if spec is None else {"spec": spec}),
        **rest,
    }


def pool(name: str, *addresses: Any, labels: Object | None = None, **spec: Any) -> Object:
    """An IPAddressPool."""
    spec = {"addresses": list(addresses), **spec}
    return thing("IPAddressPool", name, spec, "metallb.io/v1beta1", labels=labels or {})


def layer2(name: str = "l2", **spec: Any) -> Object:
    """An L2Advertisement."""
    return thing("L2Advertisement", name, spec, "metallb.io/v1beta1")


def bgp(name: str = "bgp", **spec: Any) -> Object:
    """A BGPAdvertisement."""
    return thing("BGPAdvertisement", name, spec, "metallb.io/v1beta1")


def peer(name: str, address: str | None, **spec: Any) -> Object:
    """An eBGP peer, unless ``spec`` says otherwise."""
    spec = {"myASN": 64512, "peerASN": 64500, "peerAddress": address, **spec}
    return thing("BGPPeer", name, spec, "metallb.io/v1beta2")


def bfd(name: str = "fast", **spec: Any) -> Object:
    """A BFDProfile."""
    return thing("BFDProfile", name, spec, "metallb.io/v1beta1")


def community(name: str, **values: str) -> Object:
    """A Community; underscores in names become hyphens."""
    entries = [{"name": alias.replace("_", "-"), "value": value} for alias, value in values.items()]
    return thing("Community", name, {"communities": entries}, "metallb.io/v1beta1")


def secret(name: str, kind: str = "kubernetes.io/basic-auth", namespace: str = NAMESPACE) -> Object:
    """A Secret with a password."""
    return thing("Secret", name, namespace=namespace, type=kind, stringData={"password": "hunter2"})


def node(name: str, *addresses: str, **labels: str) -> Object:
    """A Node with its host name label."""
    status = {"addresses": [{"type": "InternalIP", "address": address} for address in addresses]}
    result = thing("Node", name, labels={"kubernetes.io/hostname": name, **labels}, status=status)
    del result["metadata"]["namespace"]
    return result


def service(name: str = "shop", annotations: Object | None = None, labels: Object | None = None, **spec: Any) -> Object:
    """A Service of the type LoadBalancer; the prefix metallb.io is put before annotations that have none."""
    full = {key if "/" in key else f"metallb.io/{key}": text for key, text in (annotations or {}).items()}
    spec = {"type": "LoadBalancer", **spec}
    return thing("Service", name, spec, namespace="default", annotations=full, labels=labels or {})


def on(*names: str) -> list[Object]:
    """Selectors of nodes by name."""
    return [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": list(names)}]}]


def labelled(**labels: str) -> list[Object]:
    """A selector of labels."""
    return [{"matchLabels": labels}]
