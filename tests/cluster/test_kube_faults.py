# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that is away, killed, or does not know us any more, and the speaker that follows it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.control_plane import ControlPlane
from kube_following import TIMING
from kube_speaking import PREFIX, announced, create_service, metallb, run, speaking, with_kinds

from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.kinds import KINDS
from dualstack_speaker.kube.renewal import Renewal


@pytest.fixture(scope="module")
def plane(cluster: ControlPlane) -> ControlPlane:
    """With the kinds of metallb.io, and a Node."""
    return with_kinds(cluster)


class Gate:
    """A door in front of an API server: what stands in between is shut, the server itself goes on."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._server: asyncio.AbstractServer | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._there[0], self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other = await asyncio.open_connection(*self._there)
        self._writers += [writer, other]
        await asyncio.gather(self._pass(reader, other), self._pass(other_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
        except OSError:
            pass  # it was shut
        finally:
            writer.close()


OTHER = {"ipv4": "198.51.100.1/32", "ipv6": "2001:db8:cc::1/128"}


@pytest.fixture(params=["127.0.0.1", "::1"])
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane of its own at an address of each family, with a Service that is announced."""
    plane = ControlPlane(tmp_path / "plane", address=request.param)
    try:
        plane.start()
        with_kinds(plane)
        plane.apply(announced("default"))
        create_service(plane, "default")
        yield plane
    finally:
        plane.end()


def move(plane: ControlPlane) -> None:
    """The pool and the Service's addresses become others."""
    plane.apply(metallb("IPAddressPool", "default", "pool", {"addresses": ["198.51.100.0/24", "2001:db8:cc::/64"]}))
    ingress = [{"ip": prefix.partition("/")[0]} for prefix in OTHER.values()]
    path = f"{KINDS['Service'].path('default')}/shop/status"
    plane.api.patch(path, {"status": {"loadBalancer": {"ingress": ingress}}})


def test_an_absence_ends_nothing_and_is_caught_up_in_one_pass(alone: ControlPlane) -> None:
    async def work() -> None:
        gate = Gate(alone.host, alone.port)
        await gate.open()
        path = alone.folder / "gate.kubeconfig"
        document = json.loads(alone.admin.read_text(encoding="utf-8"))
        host = f"[{alone.host}]" if ":" in alone.host else alone.host
        document["clusters"][0]["cluster"]["server"] = url = f"https://{host}:{gate.port}"
        path.write_text(json.dumps(document), encoding="utf-8")
        async with speaking(path, "default", TIMING._replace(absence=0.0)) as speaker:
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            gate.shut()
            await speaker.until(lambda: all(watched.away for watched in speaker.source.watched))
            (finding,) = speaker.source.findings()
            assert (finding.id, finding.path) == ("kubernetes-away", url)
            assert set(speaker.wanted["routes"]) == set(PREFIX.values())
            assert speaker.agent.loaded
            before = len(speaker.decided)
            await asyncio.get_running_loop().run_in_executor(None, move, alone)
            await gate.open()
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(OTHER.values()))
            changed = [entry["routes"] for entry in speaker.decided[before:] if "routes" in entry]
            assert changed == [{*PREFIX.values(), *OTHER.values()}]
            await speaker.until(lambda: not speaker.source.findings())
        gate.shut()

    run(work)


def test_an_api_server_that_was_killed(alone: ControlPlane) -> None:
    """After its start it knows nothing of older versions: 410 Gone, for real."""

    async def work() -> None:
        async with speaking(alone.admin, "default") as speaker:
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(PREFIX.values()))
            watched = speaker.watched("Service")
            listed = watched.listed_at
            alone.kill()
            await speaker.until(speaker.source.findings)
            await asyncio.get_running_loop().run_in_executor(None, alone.start)
            await speaker.until(lambda: not speaker.source.findings())
            assert {prefix for entry in speaker.decided for prefix in entry.get("routes", ())} == set(PREFIX.values())
            await asyncio.get_running_loop().run_in_executor(None, move, alone)
            await speaker.until(lambda: set(speaker.wanted["routes"]) == set(OTHER.values()))
            assert watched.listed_at >= listed

    run(work)


def test_an_expired_certificate_is_told_and_its_renewal_is_noticed(plane: ControlPlane, namespace: str) -> None:
    user, groups = f"admin-{namespace}", ["system:masters"]
    plane.apply(announced(namespace))

    async def work() -> None:
        async with speaking(plane.kubeconfig(user, groups, seconds=-60), namespace) as speaker:
            await speaker.until(speaker.source.findings)
            assert {finding.id for finding in speaker.source.findings()} <= {
                "kubernetes-credentials",
                "kubernetes-away",
            }
            assert not speaker.decided
            plane.kubeconfig(user, groups)
            await speaker.until(lambda: speaker.decided and not speaker.source.findings())

    run(work)


def test_a_token_is_renewed_before_it_ends(plane: ControlPlane, namespace: str) -> None:
    plane.api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "speaker"}})
    group = "rbac.authorization.k8s.io"
    right = {
        "apiGroups": [""],
        "resources": ["serviceaccounts/token"],
        "resourceNames": ["speaker"],
        "verbs": ["create"],
    }
    metadata = {"name": "own-token", "namespace": namespace}
    plane.apply(
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [right]},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "own-token"},
            "subjects": [{"kind": "ServiceAccount", "name": "speaker", "namespace": namespace}],
        },
    )
    token = plane.folder / f"{namespace}.token"
    first = plane.token(namespace, "speaker", 600)
    token.write_text(first, encoding="ascii")

    async def work() -> None:
        client = Client(Access(str(plane.token_kubeconfig(namespace, token))))
        await Renewal(client, lambda: 0.5, lambda: time.time() + 400).look()
        second = client.access.token()
        assert second != first
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = await client.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        assert answer.body["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:speaker"
        client.close()

    run(work)
