# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each of our processes may do: an account for each component, and no more rights than it uses.

Secrets are read by name only, those that sessions name, in one namespace. An account may renew its own token and no
other's. Left out on purpose: a right to create a Lease of one name only, which RBAC can't say (Kubernetes, "Using RBAC
Authorization", resourceNames).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .crds import CONFIGURATION, STATUSES
from .crds import GROUP as METALLB

SPEAKER, CONTROLLER = "dualstack-speaker", "dualstack-controller"
LEASE = "dualstack-controller"
GROUP = "rbac.authorization.k8s.io"
Object = dict[str, Any]

_READ = ("get", "list", "watch")
_LEASES = "coordination.k8s.io"


class _Right(NamedTuple):
    """Verbs on resources of an API group; ``names``: on these objects only."""

    group: str
    resources: Sequence[str]
    verbs: Sequence[str]
    names: Sequence[str] = ()

    def data(self) -> Object:
        """A rule of a Role."""
        only = {"resourceNames": list(self.names)} if self.names else {}
        return {
            "apiGroups": [self.group],
            "resources": list(self.resources),
            "verbs": list(self.verbs),
            **only,
        }


def objects(namespace: str, secrets: Iterable[str] = ()) -> list[Object]:
    """Accounts, roles and bindings. ``secrets``: the names of the Secrets that BGPPeers name."""
    names = sorted(set(secrets))
    result = []
    for account, everywhere, here in (
        (SPEAKER, _SPEAKER_EVERYWHERE, _speaker(names)),
        (CONTROLLER, _CONTROLLER_EVERYWHERE, _controller()),
    ):
        own = _Right("", ["serviceaccounts/token"], ["create"], [account])
        result += [
            {**_object("v1", "ServiceAccount", account, namespace), "automountServiceAccountToken": False},
            {**_object(f"{GROUP}/v1", "ClusterRole", account), "rules": [right.data() for right in everywhere]},
            _binding("ClusterRoleBinding", "ClusterRole", account, namespace),
            {
                **_object(f"{GROUP}/v1", "Role", account, namespace),
                "rules": [right.data() for right in (*here, own)],
            },
            _binding("RoleBinding", "Role", account, namespace, namespace),
        ]
    return result


_EVENTS = _Right("", ["events"], ["create", "patch"])
_STATES = "configurationstates"
_SPEAKER_EVERYWHERE = (
    _Right("", ["services", "nodes"], _READ),
    _Right("discovery.k8s.io", ["endpointslices"], _READ),
    _EVENTS,
    _Right("", ["events", "namespaces"], ["get", "list"]),  # what `dualstack-speaker explain` tells of
)
_CONTROLLER_EVERYWHERE = (
    _Right("", ["services", "namespaces"], _READ),
    _Right("", ["services/status"], ["patch"]),
    _EVENTS,
)


def _speaker(secrets: Sequence[str]) -> list[_Right]:
    # A right without names would be one on all of them.
    named = [_Right("", ["secrets"], ["list", "watch"], secrets)] if secrets else []
    return [_Right(METALLB, CONFIGURATION, _READ), *named, *_writes(STATUSES)]


def _controller() -> list[_Right]:
    return [
        _Right(METALLB, ["ipaddresspools"], _READ),
        _Right(METALLB, ["ipaddresspools/status"], ["patch"]),
        _Right(_LEASES, ["leases"], ["create"]),
        _Right(_LEASES, ["leases"], [*_READ, "update", "patch"], [LEASE]),
        *_writes([_STATES]),
    ]


def _writes(plurals: Sequence[str]) -> list[_Right]:
    """What whoever keeps status objects does."""
    return [
        _Right(METALLB, plurals, [*_READ, "create", "delete", "patch"]),
        _Right(METALLB, [f"{plural}/status" for plural in plurals], ["patch"]),
    ]


def _object(version: str, kind: str, name: str, namespace: str = "") -> Object:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place}}


def _binding(kind: str, role: str, account: str, home: str, namespace: str = "") -> Object:
    return {
        **_object(f"{GROUP}/v1", kind, account, namespace),
        "roleRef": {"apiGroup": GROUP, "kind": role, "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": home}],
    }
