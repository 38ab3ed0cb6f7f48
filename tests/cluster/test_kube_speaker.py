# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the speaker follows in a real cluster, and what it wants of ``wire`` for it."""

from __future__ import annotations

import pytest
from cluster.control_plane import ControlPlane
from kube_following import until
from kube_speaking import (
    PEER,
    PREFIX,
    Object,
    announced,
    create_service,
    metallb,
    peer,
    run,
    slice_of,
    speaking,
    told,
    with_kinds,
)

from dualstack_speaker.kube.client import MERGE_PATCH
from dualstack_speaker.kube.kinds import KINDS
from dualstack_speaker.speaker.following import SLICES


@pytest.fixture(scope="module")
def plane(cluster: ControlPlane) -> ControlPlane:
    """With the kinds of metallb.io, and a Node."""
    return with_kinds(cluster)


@pytest.fixture
def admin(plane: ControlPlane) -> str:
    return str(plane.kubeconfig("admin", ["system:masters"]))


def test_what_is_created_is_announced_and_what_is_deleted_goes(plane: ControlPlane, namespace: str, admin: str) -> None:
    plane.apply(announced(namespace))

    async def work() -> None:
        async with speaking(admin, namespace) as speaker:
            await speaker.until(lambda: speaker.agent.loaded)
            assert set(speaker.wanted["peers"]) == {"tor1-ipv4", "tor1-ipv6"}
            assert not speaker.wanted["routes"]
            create_service(plane, namespace)
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            plane.api.delete(f"{KINDS['Service'].path(namespace)}/shop")
            await speaker.until(lambda: not speaker.wanted["routes"])
            await speaker.until(lambda: not speaker.agent.findings())

    run(work)


def test_the_first_decision_knows_everything(plane: ControlPlane, namespace: str, admin: str) -> None:
    """Also Secrets and EndpointSlices, of which only other objects tell that they are needed."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bgp-auth", "namespace": namespace}}
    secret.update({"type": "kubernetes.io/basic-auth", "stringData": {"password": "open-sesame"}})
    plane.apply(announced(namespace), peer(namespace, "ipv4", passwordSecret={"name": "bgp-auth"}), secret)
    create_service(plane, namespace, externalTrafficPolicy="Local")
    plane.apply(slice_of(namespace, "ipv4", "node1"), slice_of(namespace, "ipv6", "node2"))

    async def work() -> None:
        async with speaking(admin, namespace) as speaker:
            await speaker.until(lambda: speaker.decided)
            assert speaker.wanted["peers"]["tor1-ipv4"]["password"] == "open-sesame"
            assert set(speaker.wanted["routes"]) == {PREFIX["ipv4"]}
            assert speaker.agent.complete

    run(work)


def test_endpoints_are_followed_while_a_service_needs_them(plane: ControlPlane, namespace: str, admin: str) -> None:
    plane.apply(announced(namespace), slice_of(namespace, "ipv4", "node1"), slice_of(namespace, "ipv6", "node2"))
    create_service(plane, namespace)
    path = f"{KINDS['Service'].path(namespace)}/shop"

    async def work() -> None:
        async with speaking(admin, namespace) as speaker:
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            assert speaker.source.follows(SLICES) is None
            await speaker.client.send(
                "PATCH", path, {"spec": {"externalTrafficPolicy": "Local"}}, content_type=MERGE_PATCH
            )
            await speaker.until(lambda: set(speaker.wanted["routes"]) == {PREFIX["ipv4"]})
            plane.apply(slice_of(namespace, "ipv6", "node1"))
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            await speaker.client.send(
                "PATCH", path, {"spec": {"externalTrafficPolicy": "Cluster"}}, content_type=MERGE_PATCH
            )
            await speaker.until(lambda: speaker.source.follows(SLICES) is None)
            assert set(speaker.wanted["routes"]) == set(PREFIX.values())
            assert not speaker.agent.resources().endpoint_slices

    run(work)


def grant(plane: ControlPlane, namespace: str, user: str, secrets: list[str], kinds: list[str]) -> None:
    """The rights of a speaker, and no more: Secrets by name."""
    read = ["list", "watch"]
    rules = [
        {"apiGroups": ["metallb.io"], "resources": kinds, "verbs": read},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": read},
    ]
    wide = [
        {"apiGroups": [""], "resources": ["services", "nodes"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
    ]
    group, subject = (
        "rbac.authorization.k8s.io",
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user},
    )
    made: list[Object] = []
    for prefix, place, granted in (("", {"namespace": namespace}, rules), ("Cluster", {}, wide)):
        metadata = {"name": f"{namespace}-{prefix}speaker".lower(), **place}
        reference = {"apiGroup": group, "kind": f"{prefix}Role", "name": metadata["name"]}
        made.append({"apiVersion": f"{group}/v1", "kind": f"{prefix}Role", "metadata": metadata, "rules": granted})
        binding = {"apiVersion": f"{group}/v1", "kind": f"{prefix}RoleBinding", "metadata": metadata}
        made.append({**binding, "roleRef": reference, "subjects": [subject]})
    plane.apply(made)


ALL = ["ipaddresspools", "l2advertisements", "bgpadvertisements", "bgppeers", "communities", "bfdprofiles"]


def test_secrets_are_read_by_name_and_a_new_password_is_taken_up(plane: ControlPlane, namespace: str) -> None:
    """MetalLB reads all Secrets of its namespace."""
    user = f"system:dualstack:{namespace}"
    grant(plane, namespace, user, ["auth1", "auth2"], ALL)
    path = KINDS["Secret"].path(namespace)
    for name in ("auth1", "auth2", "other"):
        secret = {
            "metadata": {"name": name},
            "type": "kubernetes.io/basic-auth",
            "stringData": {"password": f"of-{name}"},
        }
        plane.api.create(path, secret)
    plane.apply(announced(namespace), *(peer(namespace, f, passwordSecret={"name": "auth1"}) for f in PEER))

    async def work() -> None:
        async with speaking(plane.kubeconfig(user), namespace) as speaker:

            def passwords() -> set[str]:
                return {session["password"] for session in speaker.wanted["peers"].values()}

            await speaker.until(lambda: passwords() == {"of-auth1"})
            followed = [watched.query.name for watched in speaker.source.watched if watched.query.kind == "Secret"]
            assert followed == ["auth1"]
            plane.api.patch(f"{path}/auth1", {"stringData": {"password": "rotated"}})
            await speaker.until(lambda: passwords() == {"rotated"})
            plane.apply([peer(namespace, family, passwordSecret={"name": "auth2"}) for family in PEER])
            await speaker.until(lambda: passwords() == {"of-auth2"})
            assert set(speaker.agent.resources().secrets) == {"auth2"}
            plane.apply(peer(namespace, "ipv6", passwordSecret={"name": "other"}))
            await speaker.until(lambda: told(speaker, "kubernetes-forbidden"))
            (finding,) = told(speaker, "kubernetes-forbidden")
            assert finding.path == f"list and watch secrets other in {namespace}"
            assert user in finding.reason
            assert f"list and watch on secrets other in the namespace {namespace}" in finding.fix

    run(work)


def test_a_missing_right_is_told_and_nothing_is_decided_without_it(plane: ControlPlane, namespace: str) -> None:
    user = f"system:dualstack:{namespace}"
    grant(plane, namespace, user, ["none"], ALL[:-1])
    plane.apply(announced(namespace))

    async def work() -> None:
        async with speaking(plane.kubeconfig(user), namespace) as speaker:
            await speaker.until(speaker.source.findings)
            (finding,) = speaker.source.findings()
            assert (finding.id, finding.path) == (
                "kubernetes-forbidden",
                f"list and watch bfdprofiles.metallb.io in {namespace}",
            )
            assert f'User "{user}" cannot list resource "bfdprofiles"' in finding.reason
            assert not speaker.decided
            grant(plane, namespace, user, ["none"], ALL)
            await speaker.until(lambda: speaker.decided and not speaker.source.findings())
            assert set(speaker.wanted["peers"]) == {"tor1-ipv4", "tor1-ipv6"}

    run(work)


def test_a_heartbeat_of_a_node_decides_nothing(plane: ControlPlane, namespace: str, admin: str) -> None:
    async def work() -> None:
        async with speaking(admin, namespace) as speaker:
            await speaker.until(lambda: speaker.agent.loaded)
            decided, seen = len(speaker.decided), speaker.watched("Node").events
            changes = speaker.watched("Node").changes
            for number in range(3):
                images = [{"names": [f"example.com/image:{number}"], "sizeBytes": 1}]
                conditions = [
                    {"type": "MemoryPressure", "status": "False", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}
                ]
                status = {"images": images, "conditions": [{**conditions[0], "reason": str(number)}]}
                path = "/api/v1/nodes/node1/status"
                await speaker.client.send("PATCH", path, {"status": status}, content_type=MERGE_PATCH)
            await until(lambda: speaker.watched("Node").events >= seen + 3)
            assert speaker.watched("Node").changes == changes
            assert len(speaker.decided) == decided

    run(work)


def test_a_bad_object_leaves_the_last_good_one_in_force(plane: ControlPlane, namespace: str, admin: str) -> None:
    """MetalLB 3.5: a bad object freezes the whole configuration; here it freezes itself."""
    plane.apply(announced(namespace))
    create_service(plane, namespace)

    async def work() -> None:
        async with speaking(admin, namespace) as speaker:
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            plane.apply(metallb("BGPAdvertisement", namespace, "all", {"communities": ["no-such-alias"]}))
            await speaker.until(lambda: any("no-such-alias" in str(entry) for entry in speaker.agent.findings()))
            assert set(speaker.wanted["peers"]) == {"tor1-ipv4", "tor1-ipv6"}
            assert set(speaker.wanted["routes"]) == set(PREFIX.values())
            plane.apply(metallb("BGPAdvertisement", namespace, "all", {"communities": ["64512:7"]}))
            await speaker.until(lambda: not speaker.agent.findings())
            assert {path["communities"][0] for paths in speaker.wanted["routes"].values() for path in paths} == {
                "64512:7"
            }

    run(work)
