# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that are killed, stopped, frozen and cut off: no address is ever in two Services, and none gets lost."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cluster.api import ApiError, Object
from cluster.control_plane import ControlPlane
from cluster.controllers import (
    LEASE,
    POOLS,
    SERVICES,
    Controller,
    addresses,
    clear,
    free_port,
    held,
    page,
    pool,
    prepare,
    service,
    twice,
)
from cluster.relay import Relay
from processes import until

V4, V6 = "192.0.2.0/25", "2001:db8:1::/120"


@pytest.fixture(scope="module")
def whole(cluster: ControlPlane) -> ControlPlane:
    prepare(cluster)
    return cluster


@pytest.fixture
def plane(whole: ControlPlane) -> Iterator[ControlPlane]:
    clear(whole)
    whole.api.create(POOLS, pool("one", V4, V6))
    yield whole
    clear(whole)


@pytest.fixture
def controllers(plane: ControlPlane, tmp_path: Path) -> Iterator[Any]:
    """Makes controllers by name, and takes them away."""
    made = []

    def make(name: str, **settings: Any) -> Controller:
        made.append(Controller(plane, tmp_path, name, **settings))
        return made[-1].start()

    yield make
    for controller in made:
        controller.close()


@contextmanager
def watching(plane: ControlPlane) -> Iterator[list[str]]:
    """Looks at all Services all the time, and notes every address that stood in two of them."""
    found: list[str] = []
    stop = threading.Event()
    api = plane.client()

    def look() -> None:
        while not stop.wait(0.01):
            found.extend(twice(held(api)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
        api.close()


def create(plane: ControlPlane, *names: str, **spec: Any) -> None:
    for name in names:
        plane.api.create(SERVICES, service(name, **spec))


def complete(plane: ControlPlane, *names: str) -> bool:
    """Whether these Services have both addresses."""
    found = held(plane.api)
    return all(len(found[name]) == 2 for name in names)


def holder(plane: ControlPlane) -> str:
    try:
        return str(plane.api.get(LEASE)["spec"].get("holderIdentity") or "").partition("_")[0]
    except ApiError:
        return ""


def pair(plane: ControlPlane, controllers: Any) -> tuple[Controller, Controller]:
    """An active controller, and one that stands by."""
    active = controllers("a")
    until(active.acts, "a acts")
    standby = controllers("b")
    until(standby.stands_by, "b stands by")
    assert holder(plane) == "a"
    return active, standby


def test_a_standby_follows_one_that_was_killed(plane: ControlPlane, controllers: Any) -> None:
    active, standby = pair(plane, controllers)
    create(plane, "web")
    until(lambda: complete(plane, "web"), "web has addresses")
    before = held(plane.api)["web"]
    active.end(signal.SIGKILL)
    create(plane, "next")
    until(lambda: complete(plane, "next"), "next has addresses")
    assert standby.acts() and holder(plane) == "b"
    assert held(plane.api)["web"] == before and not twice(held(plane.api))


def test_a_standby_follows_at_once_one_that_was_stopped(plane: ControlPlane, controllers: Any) -> None:
    """The Lease is given away, and as the standby has seen the last write, it does not list again."""
    lease = {"duration": 3600, "renew_deadline": 1800, "retry_period": 600}
    active = controllers("a", lease=lease)
    until(active.acts, "a acts")
    standby = controllers("b", lease=lease)
    until(standby.stands_by, "b stands by")
    create(plane, "web")
    until(lambda: complete(plane, "web"), "web has addresses")
    assert active.end(signal.SIGTERM) == 0
    until(standby.acts, "b acts, long before it would look at the Lease by itself")
    create(plane, "next")
    until(lambda: complete(plane, "next"), "next has addresses")


def test_one_that_was_frozen_writes_nothing_when_it_wakes(plane: ControlPlane, controllers: Any) -> None:
    active, standby = pair(plane, controllers)
    with watching(plane) as found:
        for turn in range(3):
            names = [f"web-{turn}-{number}" for number in range(12)]
            create(plane, *names[:8])
            active.send(signal.SIGSTOP)
            create(plane, *names[8:])
            until(standby.acts, "the other one acts")
            until(lambda names=names: complete(plane, *names), "all have addresses")
            plane.api.delete(f"{SERVICES}/{names[0]}")
            create(plane, f"heir-{turn}")
            active.send(signal.SIGCONT)
            until(active.stands_by, "the one that was frozen stands by")
            until(lambda turn=turn: complete(plane, f"heir-{turn}"), "the heir has addresses")
            active, standby = standby, active
    assert not found and not twice(held(plane.api))


def test_another_controller_that_writes_statuses_too_is_told(plane: ControlPlane, controllers: Any) -> None:
    """MetalLB 4.4: one replica without an election; two of one class write in turns, and neither says so."""
    active = controllers("a")
    until(active.acts, "a acts")
    create(plane, "web")
    until(lambda: complete(plane, "web"), "web has addresses")
    before = held(plane.api)["web"]
    for strange in ("198.51.100.9", "2001:db8:9::9"):
        status: Object = {"status": {"loadBalancer": {"ingress": [{"ip": strange}]}}}
        plane.api.patch(f"{SERVICES}/web/status", status)
        until(lambda: held(plane.api)["web"] == before, "web has its own addresses again")
        until(lambda strange=strange: strange in _overwritten(plane), "the event")
    until(lambda: _condition(plane, "baremetal.dualstack/alone") == "False", "the condition")
    assert active.status()["other_writers"][0].startswith("Service default/web: ")


def _overwritten(plane: ControlPlane) -> str:
    """What events say of statuses that somebody else wrote."""
    items = plane.api.get("/api/v1/namespaces/default/events")["items"]
    return " ".join(event["message"] for event in items if event["reason"] == "StatusOverwritten")


def _condition(plane: ControlPlane, name: str) -> str:
    path = "/apis/metallb.io/v1beta1/namespaces/metallb-system/configurationstates/controller"
    try:
        rows = plane.api.get(path).get("status", {}).get("conditions", [])
    except ApiError:
        return ""
    return next((row["status"] for row in rows if row["type"] == name), "")


@pytest.fixture
def relay(plane: ControlPlane) -> Iterator[Relay]:
    made = Relay((plane.host, plane.port))
    yield made
    made.close()


def test_one_that_is_cut_off_ends_before_another_begins(
    plane: ControlPlane, controllers: Any, relay: Relay, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(plane.admin.read_text().replace(f":{plane.port}", f":{relay.port}"))
    cut_off = controllers("a", kubeconfig=kubeconfig)
    until(cut_off.acts, "a acts")
    other = controllers("b")
    until(other.stands_by, "b stands by")
    with watching(plane) as found:
        create(plane, *(f"before-{number}" for number in range(12)))
        relay.cut()
        create(plane, *(f"after-{number}" for number in range(12)))
        until(other.acts, "b acts")
        assert not cut_off.acts() and not cut_off.status()["lease"]["leading"]
        until(lambda: complete(plane, *held(plane.api)), "all have addresses")
        plane.api.delete(f"{SERVICES}/before-0")
        create(plane, "heir")
        until(lambda: complete(plane, "heir"), "the heir has addresses")
        relay.heal()
        until(lambda: cut_off.status()["lease"]["holder"].startswith("b_"), "a knows whom to follow")
        until(cut_off.stands_by, "a stands by")
        other.end(signal.SIGTERM)
        create(plane, "last")
        until(lambda: complete(plane, "last"), "a acts again")
    assert not found and not twice(held(plane.api))


def test_killed_ten_times_in_the_middle_of_its_work(plane: ControlPlane, controllers: Any) -> None:
    """No address is given twice, and none is lost: at the end every single one can be had."""
    numbers = itertools.count()
    names: list[str] = []
    lease = {"duration": 3600, "renew_deadline": 1800, "retry_period": 2}
    controller = controllers("a", lease=lease)  # which its successor need not wait for
    until(controller.acts, "it acts")
    with watching(plane) as found:
        for turn in range(10):
            fresh = [f"web-{next(numbers)}" for _unused in range(8)]
            create(plane, *fresh)
            if turn % 2:
                for name in names[:4]:
                    plane.api.delete(f"{SERVICES}/{name}")
                names = names[4:]
            names += fresh
            done = turn * 3 % 8
            until(lambda done=done, fresh=fresh: sum(complete(plane, name) for name in fresh) >= done, "some are done")
            controller.end(signal.SIGKILL)
            kept = {name: texts for name, texts in held(plane.api).items() if texts}
            controller.start()
            until(lambda names=names: complete(plane, *names), "all have addresses")
            now = held(plane.api)
            assert {name: now[name] for name in kept} == kept
    assert not found
    rest = 126 - len(names)
    names += [f"rest-{number}" for number in range(rest)]
    create(plane, *names[-rest:])
    until(lambda: complete(plane, *names), "the pool is used up")
    taken = {text for texts in held(plane.api).values() for text in texts if "." in text}
    assert taken == {f"192.0.2.{number}" for number in range(1, 127)}


def test_the_api_server_is_away_for_a_while(own_cluster: ControlPlane, tmp_path: Path) -> None:
    own_cluster.start()
    prepare(own_cluster)
    own_cluster.api.create(POOLS, pool("one", V4, V6))
    health = f"127.0.0.1:{free_port()}"
    controller = Controller(own_cluster, tmp_path, health=health).start()
    try:
        until(lambda: page(health, "/readyz")[0] == 200, "it is ready")
        create(own_cluster, "web")
        until(lambda: complete(own_cluster, "web"), "web has addresses")
        before = held(own_cluster.api)["web"]
        own_cluster.apiserver.end()
        until(lambda: controller.status()["kubernetes"]["away"], "it knows that the API server is away")
        until(lambda: not controller.acts(), "it does not act any more")
        for path in ("/healthz", "/readyz"):
            status, text = page(health, path)
            assert status == 200 and "Service: degraded (" in text, "a restart would mend nothing"
        own_cluster.start()
        create(own_cluster, "next")
        until(lambda: complete(own_cluster, "next"), "next has addresses")
        assert held(own_cluster.api)["web"] == before
        until(lambda: controller.status()["config"] == "valid", "nothing is wrong any more")
    finally:
        controller.close()


def test_no_kinds_no_decisions(own_cluster: ControlPlane, tmp_path: Path) -> None:
    """MetalLB 2887: without pools it clears what others wrote. Here nothing happens before the kinds are there."""
    own_cluster.start()
    api = own_cluster.api
    own_cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "metallb-system"}})
    create(own_cluster, "foreign", "web")
    left: Object = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    api.patch(f"{SERVICES}/foreign/status", left)
    health = f"127.0.0.1:{free_port()}"
    controller = Controller(own_cluster, tmp_path, health=health).start()
    try:
        until(lambda: "IPAddressPool" in controller.status().get("kubernetes", {}).get("away", ""), "it looks for them")
        assert not controller.acts() and controller.status()["config"] == "invalid"
        assert controller.show().returncode == 1
        status, text = page(health, "/readyz")
        assert status == 503 and "IPAddressPool: not ready (" in text
        assert page(health, "/healthz")[0] == 200
        prepare(own_cluster)
        until(controller.acts, "it acts once the kinds are there")
        api.create(POOLS, pool("one", V4, V6))
        until(lambda: complete(own_cluster, "web"), "web has addresses")
        assert addresses(api.get(f"{SERVICES}/foreign")) == ["203.0.113.9"]
    finally:
        controller.close()
