# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that are read or written, and where the API server keeps them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote


class Kind(NamedTuple):
    """``plural`` is the word in paths."""

    name: str
    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None, sub: str = "") -> str:
        """The path of all objects, of those of a namespace, of one, or of a part of one (``status``)."""
        root = "/api" if "/" not in self.api_version else "/apis"
        parts = [root, self.api_version]
        if namespace and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        parts += [quote(name, safe="")] if name else []
        parts += [sub] if sub else []
        return "/".join(parts)

    @property
    def resource(self) -> str:
        """The name as roles and kubectl write it: ``bgppeers.metallb.io``."""
        group, slash, _version = self.api_version.rpartition("/")
        return f"{self.plural}.{group}" if slash else self.plural


_METALLB = "metallb.io/v1beta1"

KINDS = {
    kind.name: kind
    for kind in (
        Kind("Service", "v1", "services"),
        Kind("Node", "v1", "nodes", namespaced=False),
        Kind("Namespace", "v1", "namespaces", namespaced=False),
        Kind("Secret", "v1", "secrets"),
        Kind("Event", "v1", "events"),
        Kind("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
        Kind("Lease", "coordination.k8s.io/v1", "leases"),
        Kind("IPAddressPool", _METALLB, "ipaddresspools"),
        Kind("L2Advertisement", _METALLB, "l2advertisements"),
        Kind("BGPAdvertisement", _METALLB, "bgpadvertisements"),
        Kind("BGPPeer", "metallb.io/v1beta2", "bgppeers"),
        Kind("Community", _METALLB, "communities"),
        Kind("BFDProfile", _METALLB, "bfdprofiles"),
        Kind("ServiceL2Status", _METALLB, "servicel2statuses"),
        Kind("ServiceBGPStatus", _METALLB, "servicebgpstatuses"),
        Kind("ConfigurationState", _METALLB, "configurationstates"),
    )
}
