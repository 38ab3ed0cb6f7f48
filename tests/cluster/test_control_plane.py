# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane of the tests is a real one: families, users, tokens, certificates, restarts."""

from __future__ import annotations

import ipaddress
import json
import ssl
from pathlib import Path

import pytest
from cluster.api import ApiError
from cluster.control_plane import LOOPBACK, ControlPlane
from interop.stage import Stage
from processes import until

FAMILIES = {"IPv4": "10.96.0.0/16", "IPv6": "fd00:10:96::/112"}
SERVICES = "/api/v1/namespaces/{}/services"


def service(name: str, **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
    }


def test_a_dual_stack_service_gets_an_address_of_each_family(cluster: ControlPlane, namespace: str) -> None:
    made = service("web", ipFamilyPolicy="RequireDualStack")
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=json.dumps(made))
    spec = cluster.api.get(f"{SERVICES.format(namespace)}/web")["spec"]
    assert spec["ipFamilies"] == ["IPv4", "IPv6"]
    for family, address in zip(spec["ipFamilies"], spec["clusterIPs"]):
        assert ipaddress.ip_address(address) in ipaddress.ip_network(FAMILIES[family])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_service_of_one_family(cluster: ControlPlane, namespace: str, family: str) -> None:
    made = cluster.api.create(SERVICES.format(namespace), service("web", ipFamilies=[family]))
    assert made["spec"]["ipFamilies"] == [family]
    assert ipaddress.ip_address(made["spec"]["clusterIP"]) in ipaddress.ip_network(FAMILIES[family])


def test_users_have_the_rights_of_their_groups(cluster: ControlPlane, namespace: str) -> None:
    kubeconfig = cluster.kubeconfig("reader", ["readers"])
    refused = cluster.try_kubectl("-n", namespace, "get", "services", kubeconfig=kubeconfig)
    assert refused.returncode != 0
    assert 'User "reader" cannot list resource "services"' in refused.stderr
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}
    rules = [{"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}]
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    cluster.api.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"metadata": {"name": "readers"}, "subjects": [subject], "roleRef": role}
    cluster.api.create(f"{rbac}/rolebindings", binding)
    api = cluster.client("reader")

    def allowed() -> bool:
        try:
            return api.get(SERVICES.format(namespace))["kind"] == "ServiceList"
        except ApiError as error:
            assert error.status == 403
            return False

    until(allowed, "the binding counts")
    api.close()


def test_a_token_of_a_service_account(cluster: ControlPlane, namespace: str, tmp_path: Path) -> None:
    account = {"metadata": {"name": "robot"}}
    cluster.api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
    token = tmp_path / "token"
    token.write_text(cluster.token(namespace, "robot"))
    kubeconfig = cluster.token_kubeconfig("robot", token)
    who = cluster.kubectl("auth", "whoami", "-o", "json", kubeconfig=kubeconfig)
    assert json.loads(who)["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:robot"


def test_an_expired_certificate_is_refused_and_a_renewed_one_taken(cluster: ControlPlane) -> None:
    kubeconfig = cluster.kubeconfig("late", seconds=-60)
    assert "Unauthorized" in cluster.try_kubectl("get", "services", kubeconfig=kubeconfig).stderr
    assert cluster.kubeconfig("late") == kubeconfig
    assert "late" in cluster.kubectl("auth", "whoami", kubeconfig=kubeconfig)


def test_the_server_takes_a_renewed_certificate_up_while_it_runs(own_cluster: ControlPlane) -> None:
    own_cluster.start()

    def refused(seconds: float) -> bool:
        own_cluster.pki.server(own_cluster.addresses, seconds)

        def seen() -> bool:
            own_cluster.api.close()
            try:
                own_cluster.api.get("/version")
            except ssl.SSLCertVerificationError:
                return seconds < 0
            return seconds > 0

        return bool(until(seen, "the server shows its new certificate"))

    assert refused(-60)
    assert refused(600)


def test_what_was_written_outlives_a_kill_and_a_stop(own_cluster: ControlPlane) -> None:
    own_cluster.start()
    own_cluster.api.create(SERVICES.format("default"), service("web"))
    for end in (own_cluster.kill, own_cluster.stop):
        end()
        with pytest.raises(ConnectionRefusedError):
            own_cluster.api.get("/version")
        own_cluster.start()
        assert own_cluster.api.get(f"{SERVICES.format('default')}/web")["metadata"]["name"] == "web"


@pytest.mark.root
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_it_is_reached_from_another_host(family: str, tmp_path: Path) -> None:
    """In a network namespace it listens on the addresses of both families; Services can be IPv6 first."""
    stage = Stage()
    plane = None
    try:
        server, client = stage.host("server"), stage.host("client")
        both = [server.ipv4, server.ipv6]
        cidrs = sorted(FAMILIES.values(), reverse=family == "ipv6")
        plane = ControlPlane(
            tmp_path, namespace=server.namespace, address=server.address(family), addresses=both, service_cidrs=cidrs
        )
        plane.start()
        assert set(plane.addresses) == {*LOOPBACK, *both}
        assert plane.api.create(SERVICES.format("default"), service("web"))["spec"]["ipFamilies"] == [
            f"IPv{family[-1]}"
        ]
        command = [*plane.kubectl_command(), "get", "service", "web", "-o", "name"]
        assert client.run(*command).strip() == "service/web"
    finally:
        if plane is not None:
            plane.end()
        stage.end()
