# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events, conditions and status objects at a real API server, as users of MetalLB look for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cluster.api import ApiError
from cluster.control_plane import ControlPlane

from dualstack.findings import ERROR, Finding
from dualstack.kubernetes.crds import crds
from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.kinds import KINDS
from dualstack_speaker.kube.query import Query
from dualstack_speaker.kube.reflector import Timing
from dualstack_speaker.observe.logs import Log
from dualstack_speaker.reporting.conditions import CONTROLLER_VALID, SPEAKER_VALID, of_wire, validity
from dualstack_speaker.reporting.configuration_state import ConfigurationState
from dualstack_speaker.reporting.correlation import NORMAL, WARNING, Occasion, Reference
from dualstack_speaker.reporting.events import Recorder
from dualstack_speaker.reporting.keeper import Keeper
from dualstack_speaker.reporting.ledger import BGP_STATUS, L2_STATUS, Kind, Report
from dualstack_speaker.reporting.pace import Pace
from dualstack_speaker.sources.kubernetes import KubernetesSource

Object = dict[str, Any]
TIMING = Timing(first=0.05, ceiling=0.5)
FAST = Pace(1000.0, 1000)


@pytest.fixture(scope="module")
def plane(cluster: ControlPlane) -> ControlPlane:
    """With the kinds of metallb.io."""
    cluster.apply(crds())
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    return cluster


@pytest.fixture
def kubeconfig(plane: ControlPlane) -> str:
    return str(plane.kubeconfig("admin", ["system:masters"]))


@asynccontextmanager
async def working(kubeconfig: str, *tasks: Callable[[Client], Awaitable[None]]) -> AsyncIterator[Client]:
    """A client, and tasks that run meanwhile."""
    client = Client(Access(kubeconfig))
    running = [asyncio.ensure_future(task(client)) for task in tasks]
    try:
        yield client
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        client.close()


async def until(fulfilled: Callable[[], Any]) -> Any:
    """Waits until it is true; asks the API server in a thread, again and again."""
    for _unused in range(1800):
        found = await asyncio.get_running_loop().run_in_executor(None, fulfilled)
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it never came true")


def objects(plane: ControlPlane, kind: str, namespace: str) -> list[Object]:
    """What is there."""
    found: list[Object] = plane.api.get(KINDS[kind].path(namespace))["items"]
    return found


def make_service(plane: ControlPlane, namespace: str, name: str = "web") -> Object:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    made: Object = plane.api.create(KINDS["Service"].path(namespace), {"metadata": {"name": name}, "spec": spec})
    return made


# events


def test_kubectl_describe_shows_events_with_metallbs_reasons_and_sources(
    plane: ControlPlane, namespace: str, kubeconfig: str
) -> None:
    """MetalLB 2, events: IPAllocated by metallb-controller, nodeAssigned by metallb-speaker, on the Service."""
    uid = make_service(plane, namespace)["metadata"]["uid"]
    about = Reference("v1", "Service", namespace, "web", uid)

    async def whole() -> None:
        async with working(kubeconfig) as client:
            controller = Recorder(client, "metallb-controller", "node1", Log("error"))
            speaker = Recorder(client, "metallb-speaker", "node2", Log("error"))
            tasks = [asyncio.ensure_future(recorder.run()) for recorder in (controller, speaker)]
            controller.say(Occasion(about, NORMAL, "IPAllocated", "assigned 192.0.2.1 and 2001:db8::1"))
            speaker.say(Occasion(about, NORMAL, "nodeAssigned", 'announced from node "node2" with protocol "bgp"'))
            await until(lambda: len(objects(plane, "Event", namespace)) == 2)
            for task in tasks:
                task.cancel()

    asyncio.run(whole())
    text = plane.kubectl("describe", "service", "web", "-n", namespace)
    assert "IPAllocated" in text and "metallb-controller" in text and "2001:db8::1" in text
    assert "nodeAssigned" in text and "metallb-speaker" in text


def test_repeats_are_counted_in_one_event(plane: ControlPlane, namespace: str, kubeconfig: str) -> None:
    """MetalLB 2, AdditionalAssignFailed: one more event with every sync; here one event with a count."""
    about = Reference("v1", "Service", namespace, "web", make_service(plane, namespace)["metadata"]["uid"])
    occasion = Occasion(about, WARNING, "AllocationFailed", "no address is left")

    async def whole() -> None:
        async with working(kubeconfig) as client:
            recorder = Recorder(client, "metallb-controller", "node1", Log("error"))
            for _unused in range(5):
                recorder.say(occasion)
            task = asyncio.ensure_future(recorder.run())
            (event,) = await until(lambda: objects(plane, "Event", namespace))
            assert event["count"] == 5 and event["involvedObject"]["uid"] == about.uid
            task.cancel()

    asyncio.run(whole())


def test_an_event_that_every_node_has_to_say_stands_there_once(
    plane: ControlPlane, namespace: str, kubeconfig: str
) -> None:
    """MetalLB 2 events of bad resources: none."""
    about = Reference("metallb.io/v1beta2", "BGPPeer", namespace, "tor1")

    async def whole() -> None:
        async with working(kubeconfig) as client:
            nodes = [Recorder(client, "metallb-speaker", name, Log("error")) for name in ("node1", "node2", "node3")]
            tasks = [asyncio.ensure_future(recorder.run()) for recorder in nodes]
            for recorder in nodes:
                recorder.say(Occasion(about, WARNING, "ConfigurationError", "no ASN", common=True))
                recorder.say(Occasion(about, NORMAL, "nodeAssigned", "mine"))
            await until(lambda: len(objects(plane, "Event", namespace)) == 4)
            await until(lambda: sum(recorder.written for recorder in nodes) == 4)
            for task in tasks:
                task.cancel()

    asyncio.run(whole())
    reasons = sorted(event["reason"] for event in objects(plane, "Event", namespace))
    assert reasons == ["ConfigurationError", "nodeAssigned", "nodeAssigned", "nodeAssigned"]


def test_a_namespace_that_is_gone_stops_no_other_event(plane: ControlPlane, namespace: str, kubeconfig: str) -> None:
    async def whole() -> None:
        async with working(kubeconfig) as client:
            recorder = Recorder(client, "metallb-speaker", "node1", Log("error"))
            recorder.say(Occasion(Reference("v1", "Service", "no-such-namespace", "web"), NORMAL, "nodeAssigned", "x"))
            recorder.say(Occasion(Reference("v1", "Service", namespace, "web"), NORMAL, "nodeAssigned", "x"))
            task = asyncio.ensure_future(recorder.run())
            await until(lambda: objects(plane, "Event", namespace))
            assert recorder.refused == 1
            task.cancel()

    asyncio.run(whole())


# ConfigurationState


BAD = Finding("asn", ERROR, "BGPPeer metallb-system/tor1: spec.peerASN", "0", "is no ASN", "Write 1 to 4294967295.")


def session(name: str, state: str) -> Object:
    return {"name": name, "state": state, "address": "2001:db8::1", "interface": None, "families": ["ipv6"],
            "last_error": None if state == "Established" else "hold timer expired"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "labels", "kind"),
    [
        ("controller", {"metallb.io/component-type": "controller"}, CONTROLLER_VALID),
        ("speaker-node1", {"metallb.io/component-type": "speaker", "metallb.io/node-name": "node1"}, SPEAKER_VALID),
    ],
)
def test_a_configuration_state_is_as_metallb_writes_it_and_heals_itself(
    name: str, labels: dict[str, str], kind: str, plane: ControlPlane, namespace: str, kubeconfig: str
) -> None:
    """MetalLB 1.7: names, labels, result, errorSummary, conditions and reasons of ConfigurationState; self-healing."""
    path = KINDS["ConfigurationState"].path(namespace, name)

    def shown() -> Object:
        items = objects(plane, "ConfigurationState", namespace)
        return items[0].get("status") or {} if items else {}

    async def whole() -> None:
        async with working(kubeconfig) as client:
            state = ConfigurationState(client, namespace, name, labels, Log("error"), look=0.2, settle=0.01)
            task = asyncio.ensure_future(state.run())
            state.want([validity(kind, [BAD])])
            found = await until(lambda: shown().get("result") and shown())
            assert found["result"] == "Invalid" and "Write 1 to" in found["errorSummary"]
            assert [row["reason"] for row in found["conditions"]] == ["ConfigurationError"]
            state.want([validity(kind, [])])
            found = await until(lambda: shown().get("result") == "Valid" and shown())
            assert "errorSummary" not in found
            assert [(row["type"], row["reason"]) for row in found["conditions"]] == [(kind, "Reconciled")]
            plane.api.delete(path)
            await until(lambda: shown().get("result") == "Valid")
            task.cancel()

    asyncio.run(whole())
    (held,) = objects(plane, "ConfigurationState", namespace)
    assert held["metadata"]["labels"] == labels


def test_sessions_are_conditions_that_come_and_go(plane: ControlPlane, namespace: str, kubeconfig: str) -> None:
    """MetalLB 1.7: there is no session state but in one mode; here a condition per session, the result stays Valid."""

    def conditions() -> dict[str, tuple[str, str]]:
        (held,) = objects(plane, "ConfigurationState", namespace) or [{}]
        status = held.get("status") or {}
        assert status.get("result") in (None, "Valid")
        return {row["type"]: (row["status"], row["reason"]) for row in status.get("conditions", [])}

    def wanted(*sessions: Object) -> list[Any]:
        wire = {"wire": {"connected": True, "error": "", "drain": "off"}, "sessions": list(sessions), "disputes": []}
        return [validity(SPEAKER_VALID, []), *of_wire(wire)]

    async def whole() -> None:
        async with working(kubeconfig) as client:
            state = ConfigurationState(client, namespace, "speaker-node1", {}, Log("error"), settle=0.01)
            task = asyncio.ensure_future(state.run())
            state.want(wanted(session("tor1-ipv6", "Connect")))
            key = "session.baremetal.dualstack/tor1-ipv6"
            await until(lambda: conditions().get(key) == ("False", "Connect"))
            state.want(wanted(session("tor1-ipv6", "Established")))
            await until(lambda: conditions().get(key) == ("True", "Established"))
            state.want(wanted())
            await until(lambda: key not in conditions())
            task.cancel()

    asyncio.run(whole())


# ServiceL2Status, ServiceBGPStatus


class Node:
    """What a node does for one status kind."""

    def __init__(self, client: Client, namespace: str, kind: Kind, name: str) -> None:
        self.keeper = Keeper(client, namespace, kind, name, FAST, Log("error"))
        self._source = KubernetesSource(client, lambda: 0.5, lambda: None, TIMING)
        self._source.watch(Query(kind.where.name, namespace), self.keeper)
        self._task = asyncio.ensure_future(self.keeper.run())
        self._owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": f"uid-of-{name}"}

    async def ready(self) -> Node:
        while not self._source.loaded:
            await asyncio.sleep(0.01)
        self.keeper.wake(self._owner)
        return self

    def want(self, service: str, report: Report | None) -> None:
        self.keeper.ledger.want(service, report)
        self.keeper.wake(self._owner)

    async def end(self) -> None:
        self._task.cancel()
        await self._source.close()


def statuses(plane: ControlPlane, kind: Kind, namespace: str) -> list[tuple[str, Any]]:
    """Who says what; objects without a status yet are passed over."""
    found = [held.get("status") or {} for held in objects(plane, kind.where.name, namespace)]
    if not all(found):
        return []
    return sorted((status["node"], status[kind.names]) for status in found)


def names(kind: Kind, *texts: str) -> list[Any]:
    return [{"name": text} for text in texts] if kind is L2_STATUS else list(texts)


def test_a_bgp_status_is_written_changed_healed_and_taken_away(
    plane: ControlPlane, namespace: str, kubeconfig: str
) -> None:
    """MetalLB 1.7: ServiceBGPStatus: generateName, labels, status, one per Service and node; the Node owns it."""

    async def whole() -> None:
        async with working(kubeconfig) as client:
            first = await Node(client, namespace, BGP_STATUS, "node1").ready()
            second = await Node(client, namespace, BGP_STATUS, "node2").ready()
            for node in (first, second):
                node.want("default/web", Report(("tor1-ipv4",), '{"ipv4":["tor1-ipv4"],"ipv6":[]}'))
            half = [("node1", ["tor1-ipv4"]), ("node2", ["tor1-ipv4"])]
            await until(lambda: statuses(plane, BGP_STATUS, namespace) == half)
            held = objects(plane, "ServiceBGPStatus", namespace)
            for each in held:
                metadata = each["metadata"]
                assert metadata["generateName"] == "bgp-" and metadata["labels"] == {
                    "metallb.io/node": each["status"]["node"],
                    "metallb.io/service-name": "web",
                    "metallb.io/service-namespace": "default",
                }
                assert (each["status"]["serviceName"], each["status"]["serviceNamespace"]) == ("web", "default")
                assert [owner["kind"] for owner in metadata["ownerReferences"]] == ["Node"]
                note = json.loads(metadata["annotations"]["baremetal.dualstack/announced"])
                assert note == {"ipv4": ["tor1-ipv4"], "ipv6": []}
            first.want("default/web", Report(("tor1-ipv4", "tor1-ipv6"), '{"ipv4":["tor1-ipv4"],"ipv6":["tor1-ipv6"]}'))
            more = [("node1", ["tor1-ipv4", "tor1-ipv6"]), ("node2", ["tor1-ipv4"])]
            await until(lambda: statuses(plane, BGP_STATUS, namespace) == more)
            for each in held:
                plane.api.delete(KINDS["ServiceBGPStatus"].path(namespace, each["metadata"]["name"]))
            await until(lambda: statuses(plane, BGP_STATUS, namespace) == more)
            first.want("default/web", None)
            await until(lambda: statuses(plane, BGP_STATUS, namespace) == more[1:])
            await first.end()
            await second.end()
            again = await Node(client, namespace, BGP_STATUS, "node2").ready()
            await until(lambda: not objects(plane, "ServiceBGPStatus", namespace))
            await again.end()

    asyncio.run(whole())


def test_one_layer_2_status_per_service_and_the_new_announcer_replaces_that_of_a_dead_node(
    plane: ControlPlane, namespace: str, kubeconfig: str
) -> None:
    """MetalLB 1.7: ServiceL2Status: exactly one per Service, by the node that answers; interfaces as objects."""

    async def whole() -> None:
        async with working(kubeconfig) as client:
            first = await Node(client, namespace, L2_STATUS, "node1").ready()
            second = await Node(client, namespace, L2_STATUS, "node2").ready()
            first.want("default/web", Report(("eth1",), ""))
            await until(lambda: statuses(plane, L2_STATUS, namespace) == [("node1", [{"name": "eth1"}])])
            await first.end()  # dead: it takes nothing away
            second.want("default/web", Report(("eth2",), ""))
            await until(lambda: statuses(plane, L2_STATUS, namespace) == [("node2", [{"name": "eth2"}])])
            back = await Node(client, namespace, L2_STATUS, "node1").ready()
            back.want("default/other", Report(("eth1",), ""))
            both = [("node1", [{"name": "eth1"}]), ("node2", [{"name": "eth2"}])]
            await until(lambda: statuses(plane, L2_STATUS, namespace) == both)
            await back.end()
            await second.end()

    asyncio.run(whole())


@pytest.mark.parametrize("kind", [L2_STATUS, BGP_STATUS], ids=lambda kind: str(kind.where.name))
def test_the_api_server_lets_nobody_change_whose_status_it_is(kind: Kind, plane: ControlPlane, namespace: str) -> None:
    """MetalLB 1.7: node, serviceName and serviceNamespace are immutable by CEL."""
    where = kind.where
    body = {"apiVersion": where.api_version, "kind": where.name, "metadata": {"generateName": kind.prefix}}
    made = plane.api.create(where.path(namespace), body)
    path = where.path(namespace, made["metadata"]["name"], "status")
    status = {"node": "node1", "serviceName": "web", "serviceNamespace": "default", kind.names: names(kind, "a")}
    plane.api.patch(path, {"status": status})
    plane.api.patch(path, {"status": {kind.names: names(kind, "b")}})
    for field in ("node", "serviceName", "serviceNamespace"):
        with pytest.raises(ApiError, match="422"):
            plane.api.patch(path, {"status": {field: "other"}})
