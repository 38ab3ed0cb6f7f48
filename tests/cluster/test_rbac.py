# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights of our processes, asked of a real API server: what each may do, and what it may not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from cluster.api import Api
from cluster.control_plane import ControlPlane

from dualstack.kubernetes import rbac
from dualstack.kubernetes.crds import CONFIGURATION, crds

HOME, ELSEWHERE = "metallb-system", "default"
METALLB, RBAC = "metallb.io", "rbac.authorization.k8s.io"
READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")

# (verbs, group, resource/subresource, namespace, name); an empty name: any object.
Asked = tuple[Iterable[str], str, str, str, str]
MAY: dict[str, list[Asked]] = {
    rbac.SPEAKER: [
        (READ, "", "services", ELSEWHERE, ""),
        (READ, "", "nodes", "", ""),
        (READ, "discovery.k8s.io", "endpointslices", ELSEWHERE, ""),
        (("create", "patch"), "", "events", ELSEWHERE, ""),
        *((READ, METALLB, plural, HOME, "") for plural in CONFIGURATION),
        (("list", "watch"), "", "secrets", HOME, "bgp-auth"),
        (("create", "delete", "patch"), METALLB, "servicel2statuses", HOME, ""),
        (("patch",), METALLB, "servicebgpstatuses/status", HOME, ""),
        (("patch",), METALLB, "configurationstates/status", HOME, ""),
        (("create",), "", "serviceaccounts/token", HOME, rbac.SPEAKER),
    ],
    rbac.CONTROLLER: [
        (READ, "", "services", ELSEWHERE, ""),
        (READ, "", "namespaces", "", ""),
        (("patch",), "", "services/status", ELSEWHERE, ""),
        (("create", "patch"), "", "events", ELSEWHERE, ""),
        (READ, METALLB, "ipaddresspools", HOME, ""),
        (("patch",), METALLB, "ipaddresspools/status", HOME, ""),
        (("create",), "coordination.k8s.io", "leases", HOME, ""),
        (("get", "update", "patch"), "coordination.k8s.io", "leases", HOME, rbac.LEASE),
        (("create", "delete", "patch"), METALLB, "configurationstates", HOME, ""),
        (("create",), "", "serviceaccounts/token", HOME, rbac.CONTROLLER),
    ],
}
MAY_NOT: dict[str, list[Asked]] = {
    rbac.SPEAKER: [
        (READ, "", "secrets", HOME, ""),
        (READ, "", "secrets", HOME, "another"),
        (READ, "", "secrets", ELSEWHERE, "bgp-auth"),
        (("get", *WRITE), "", "secrets", HOME, "bgp-auth"),
        (WRITE, "", "services", ELSEWHERE, ""),
        (("update", "patch"), "", "services/status", ELSEWHERE, ""),
        (WRITE, "", "nodes", "", ""),
        (("update", "patch"), "", "nodes/status", "", ""),
        *((WRITE, METALLB, plural, HOME, "") for plural in CONFIGURATION),
        *((READ, METALLB, plural, ELSEWHERE, "") for plural in CONFIGURATION),
        (("update", "patch"), METALLB, "ipaddresspools/status", HOME, ""),
        (("create",), "", "serviceaccounts/token", HOME, rbac.CONTROLLER),
        (("get", "update"), "coordination.k8s.io", "leases", HOME, rbac.LEASE),
        ((*READ, *WRITE), "", "pods", HOME, ""),
        ((*READ, *WRITE), "", "configmaps", HOME, ""),
        (WRITE, RBAC, "roles", HOME, ""),
        (WRITE, "", "namespaces", "", ""),
    ],
    rbac.CONTROLLER: [
        ((*READ, *WRITE), "", "secrets", HOME, "bgp-auth"),
        (WRITE, "", "services", ELSEWHERE, ""),
        ((*READ, *WRITE), "", "nodes", "", ""),
        (WRITE, METALLB, "ipaddresspools", HOME, ""),
        ((*READ, *WRITE), METALLB, "bgppeers", HOME, ""),
        (READ, METALLB, "ipaddresspools", ELSEWHERE, ""),
        (("get", "update"), "coordination.k8s.io", "leases", HOME, "another"),
        (("create", "get"), "coordination.k8s.io", "leases", ELSEWHERE, rbac.LEASE),
        (("create",), "", "serviceaccounts/token", HOME, rbac.SPEAKER),
        ((*READ, *WRITE), "", "pods", HOME, ""),
        (WRITE, RBAC, "roles", HOME, ""),
    ],
}


@pytest.fixture(scope="module")
def granted(cluster: ControlPlane) -> ControlPlane:
    """The control plane with our definitions and rights; sessions name the Secret bgp-auth."""
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}
    everything = {"apiVersion": "v1", "kind": "List", "items": [home, *crds(), *rbac.objects(HOME, ["bgp-auth"])]}
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(everything))
    return cluster


def allowed(api: Api, account: str, verb: str, asked: Asked) -> bool:
    """What ``kubectl auth can-i --as`` asks."""
    _unused, group, resource, namespace, name = asked
    plural, _slash, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    place = {"namespace": namespace, "name": name}
    spec = {"user": f"system:serviceaccount:{HOME}:{account}", "resourceAttributes": {**attributes, **place}}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    answer: dict[str, Any] = api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


@pytest.mark.parametrize("account", MAY)
def test_what_a_process_may(granted: ControlPlane, account: str) -> None:
    """MetalLB 8, RBAC: what its processes do, ours can."""
    refused = [
        (verb, asked[2:])
        for asked in MAY[account]
        for verb in asked[0]
        if not allowed(granted.api, account, verb, asked)
    ]
    assert not refused


@pytest.mark.parametrize("account", MAY_NOT)
def test_what_a_process_may_not(granted: ControlPlane, account: str) -> None:
    """MetalLB 8, RBAC: Secrets of the whole namespace and the kinds' specs are writable there; here nobody needs it."""
    granted_too = [
        (verb, asked[2:])
        for asked in MAY_NOT[account]
        for verb in asked[0]
        if allowed(granted.api, account, verb, asked)
    ]
    assert not granted_too


def test_without_secrets_none_is_readable() -> None:
    rules = [rule for item in rbac.objects(HOME) for rule in item.get("rules", [])]
    assert not [rule for rule in rules if "secrets" in rule["resources"]]


@pytest.mark.parametrize("account", [rbac.SPEAKER, rbac.CONTROLLER])
def test_an_account_renews_its_own_token(granted: ControlPlane, account: str) -> None:
    token = granted.folder / f"{account}.token"
    token.write_text(granted.token(HOME, account, 600), encoding="utf-8")
    kubeconfig = granted.token_kubeconfig(account, token)
    renewed = granted.kubectl("-n", HOME, "create", "token", account, "--duration=1h", kubeconfig=kubeconfig).strip()
    token.write_text(renewed, encoding="utf-8")
    who = json.loads(granted.kubectl("auth", "whoami", "-o", "json", kubeconfig=kubeconfig))
    assert who["status"]["userInfo"]["username"] == f"system:serviceaccount:{HOME}:{account}"
    other = ({rbac.SPEAKER, rbac.CONTROLLER} - {account}).pop()
    refused = granted.try_kubectl("-n", HOME, "create", "token", other, kubeconfig=kubeconfig)
    assert "forbidden" in refused.stderr


def test_a_secret_is_listed_and_watched_by_name(granted: ControlPlane) -> None:
    """A list or watch of one name is allowed where the rule names it."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bgp-auth"},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"password": "not-shown"},
    }
    granted.kubectl("-n", HOME, "apply", "-f", "-", input=json.dumps(secret))
    token = granted.folder / "reads.token"
    token.write_text(granted.token(HOME, rbac.SPEAKER), encoding="utf-8")
    kubeconfig = granted.token_kubeconfig("reads", token)
    one = ("-n", HOME, "get", "secrets", "--field-selector=metadata.name=bgp-auth", "-o", "name")
    assert granted.kubectl(*one, kubeconfig=kubeconfig).split() == ["secret/bgp-auth"]
    refused = granted.try_kubectl("-n", HOME, "get", "secrets", kubeconfig=kubeconfig)
    assert "forbidden" in refused.stderr
