# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses for Services on a real API server: what is written, events, counters, and what happens to pools and types.

All tests share a controller, which has no more rights than the role gives it; each leaves nothing behind.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from cluster.api import Object
from cluster.control_plane import ControlPlane
from cluster.controllers import (
    NAMESPACE,
    NOTE,
    POOLS,
    SERVICES,
    Controller,
    addresses,
    clear,
    events,
    free_port,
    held,
    page,
    pool,
    prepare,
    service,
    tidy,
    twice,
)
from processes import until

from dualstack.kubernetes import rbac

V4, V6 = "192.0.2.0/24", "2001:db8:1::/64"
BLOCK = {"IPv4": V4, "IPv6": V6}
EDGES = "baremetal.dualstack/use-edges"
FIRST = {"IPv4": "192.0.2.1", "IPv6": "2001:db8:1::1"}


@pytest.fixture(scope="module")
def shared(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    prepare(cluster)
    clear(cluster)
    folder = tmp_path_factory.mktemp("controller")
    cluster.apply(rbac.objects(NAMESPACE))
    token = folder / "token"
    token.write_text(cluster.token(NAMESPACE, "dualstack-controller"))
    kubeconfig = cluster.token_kubeconfig("dualstack-controller", token)
    metrics = f"127.0.0.1:{free_port()}"
    controller = Controller(cluster, folder, kubeconfig=kubeconfig, metrics=metrics).start()
    until(controller.acts, "the controller acts")
    yield controller
    controller.close()
    clear(cluster)


@pytest.fixture
def plane(cluster: ControlPlane, shared: Controller) -> Iterator[ControlPlane]:
    del shared
    yield cluster
    tidy(cluster)


def create(plane: ControlPlane, *objects: Object) -> None:
    for given in objects:
        plane.api.create(POOLS if given["kind"] == "IPAddressPool" else SERVICES, given)


def read(plane: ControlPlane, name: str) -> Object:
    return plane.api.get(f"{SERVICES}/{name}")


def wait(plane: ControlPlane, name: str, *expected: str) -> Object:
    """The Service, once it has these addresses."""
    until(lambda: addresses(read(plane, name)) == list(expected), f"{name} has {expected}")
    return read(plane, name)


def wait_event(plane: ControlPlane, name: str, kind: str, reason: str, words: str = "") -> str:
    """The message of an event."""

    def found() -> str:
        texts = [text for event in events(plane.api, name) if event[:2] == (kind, reason) for text in [event[2]]]
        return next((text for text in texts if words in text), "")

    message: str = until(found, f"event {reason} of {name} with {words!r}")
    return message


@pytest.mark.parametrize("family", BLOCK)
def test_a_service_of_one_family(plane: ControlPlane, family: str) -> None:
    """MetalLB 4.2: the first free address; unlike it not the network or the subnet-router anycast address (12.3).

    MetalLB 2 ip-allocated-from-pool: written with the status, removed with it.
    """
    create(plane, pool("one", V4, V6), service("web", "SingleStack", ipFamilies=[family]))
    got = wait(plane, "web", FIRST[family])
    assert got["metadata"]["annotations"][NOTE] == "one"
    assert got["status"]["loadBalancer"]["ingress"] == [{"ip": FIRST[family], "ipMode": "VIP"}]
    wait_event(plane, "web", "Normal", "IPAllocated", f'Assigned IP ["{FIRST[family]}"]')


@pytest.mark.parametrize("order", [["IPv4", "IPv6"], ["IPv6", "IPv4"]])
def test_status_follows_the_order_of_the_families(plane: ControlPlane, order: list[str]) -> None:
    """MetalLB 12.1: it always writes IPv4 first."""
    create(plane, pool("one", V4, V6), service("web", ipFamilies=order))
    wait(plane, "web", *(FIRST[family] for family in order))


def test_both_families_out_of_separate_pools_that_the_annotation_lists(plane: ControlPlane) -> None:
    """MetalLB 13.3: it reads the list as the name of one pool, and the Service stays pending."""
    create(plane, pool("only4", V4, autoAssign=False), pool("only6", V6, autoAssign=False))
    create(plane, service("web", annotations={"metallb.io/address-pool": "only4,only6"}))
    got = wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    assert got["metadata"]["annotations"][NOTE] == "only4,only6"


def test_a_proxy_mode(plane: ControlPlane) -> None:
    create(plane, pool("one", V4, V6), service("web", annotations={"baremetal.dualstack/ip-mode": "Proxy"}))
    got = wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    assert {entry["ipMode"] for entry in got["status"]["loadBalancer"]["ingress"]} == {"Proxy"}
    plane.api.patch(f"{SERVICES}/web", {"metadata": {"annotations": {"baremetal.dualstack/ip-mode": None}}})
    until(
        lambda: {entry["ipMode"] for entry in read(plane, "web")["status"]["loadBalancer"]["ingress"]} == {"VIP"},
        "the mode follows the annotation",
    )


def test_what_cannot_be_had_is_told_and_comes_later(plane: ControlPlane) -> None:
    """MetalLB 2, AllocationFailed: here with the reason; retried when a pool comes (4.4)."""
    create(plane, pool("other", "198.51.100.0/30"), service("web"))
    wait_event(plane, "web", "Warning", "AllocationFailed", "web")
    assert addresses(read(plane, "web")) == []
    create(plane, pool("one", V6))
    wait(plane, "web", "198.51.100.1", FIRST["IPv6"])


def test_the_second_family_is_told_to_be_missing_and_comes_later(plane: ControlPlane) -> None:
    """MetalLB 2, AdditionalAssignFailed: there repeated on each reconcile."""
    create(plane, pool("one", V4), service("web", "PreferDualStack"))
    wait(plane, "web", FIRST["IPv4"])
    wait_event(plane, "web", "Normal", "AdditionalAssignFailed")
    create(plane, pool("two", V6))
    got = wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    assert got["metadata"]["annotations"][NOTE] == "one,two"


def test_an_unreadable_wish_on_a_service_with_addresses_leaves_them(plane: ControlPlane) -> None:
    """MetalLB 2, LoadBalancerFailed: the state is left untouched."""
    create(plane, pool("one", V4, V6), service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    plane.api.patch(f"{SERVICES}/web", {"metadata": {"annotations": {"metallb.io/loadBalancerIPs": "no-address"}}})
    wait_event(plane, "web", "Warning", "LoadBalancerFailed", "no-address")
    assert addresses(read(plane, "web")) == [FIRST["IPv4"], FIRST["IPv6"]]


def test_a_deprecated_annotation_is_told_and_counted(plane: ControlPlane, shared: Controller) -> None:
    """MetalLB 2, deprecatedAnnotation."""
    before = shared.status()["deprecated_annotations"]
    create(plane, pool("one", V4, V6, autoAssign=False))
    create(plane, service("web", annotations={"metallb.universe.tf/address-pool": "one"}))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    wait_event(plane, "web", "Warning", "deprecatedAnnotation", "metallb.universe.tf/address-pool")
    assert shared.status()["deprecated_annotations"] > before


def test_a_pool_that_goes_takes_its_addresses_along(plane: ControlPlane) -> None:
    """MetalLB 4.4, pool deleted: addresses go at once, and new ones come where there are any.

    MetalLB 2 ClearAssignment: when an address is not allowed any more.
    """
    create(plane, pool("one", V4, V6), service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    create(plane, pool("two", "198.51.100.0/24", "2001:db8:2::/64"))
    plane.api.delete(f"{POOLS}/one")
    got = wait(plane, "web", "198.51.100.1", "2001:db8:2::1")
    assert got["metadata"]["annotations"][NOTE] == "two"
    wait_event(plane, "web", "Normal", "ClearAssignment", FIRST["IPv4"])
    plane.api.delete(f"{POOLS}/two")
    got = wait(plane, "web")
    assert NOTE not in got["metadata"].get("annotations", {})


def test_one_family_of_a_pool_goes_and_the_other_address_stays(plane: ControlPlane) -> None:
    """MetalLB 13.3: both are cleared, and the IPv4 address changes."""
    create(plane, pool("one", V4, V6), service("first"), service("web", "PreferDualStack"))
    wait(plane, "web", "192.0.2.2", "2001:db8:1::2")
    plane.api.delete(f"{SERVICES}/first")
    plane.api.patch(f"{POOLS}/one", {"spec": {"addresses": [V4]}})
    wait(plane, "web", "192.0.2.2")


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_a_service_that_is_no_load_balancer_any_more(plane: ControlPlane, kind: str) -> None:
    """MetalLB 4.4, type changed: the note goes, and the addresses are free again."""
    create(plane, pool("one", "192.0.2.7/32", "2001:db8:1::7/128"), service("web"))
    wait(plane, "web", "192.0.2.7", "2001:db8:1::7")
    create(plane, service("next"))
    plane.api.patch(f"{SERVICES}/web", {"spec": {"type": kind}})
    wait(plane, "next", "192.0.2.7", "2001:db8:1::7")
    web = read(plane, "web")
    assert addresses(web) == []
    assert NOTE not in web["metadata"].get("annotations", {})


def test_services_of_another_class_are_never_touched(plane: ControlPlane) -> None:
    """MetalLB 2, loadBalancerClass."""
    create(plane, pool("one", V4, V6), service("foreign", loadBalancerClass="example.com/other"))
    foreign = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    plane.api.patch(f"{SERVICES}/foreign/status", foreign)
    create(plane, service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    assert addresses(read(plane, "foreign")) == ["203.0.113.9"]
    assert NOTE not in read(plane, "foreign")["metadata"].get("annotations", {})


def test_services_share_an_address_by_their_key(plane: ControlPlane) -> None:
    """MetalLB 4.3."""
    shares = {"metallb.io/allow-shared-ip": "dns", "metallb.io/loadBalancerIPs": "192.0.2.53,2001:db8:1::53"}
    create(plane, pool("one", V4, V6))
    for protocol in ("TCP", "UDP"):
        ports = [{"port": 53, "protocol": protocol}]
        create(plane, service(f"dns-{protocol.lower()}", annotations=shares, ports=ports))
    for name in ("dns-tcp", "dns-udp"):
        wait(plane, name, "192.0.2.53", "2001:db8:1::53")


def test_services_swap_what_they_ask_for(plane: ControlPlane) -> None:
    create(plane, pool("one", V4, V6))
    wish = "metallb.io/loadBalancerIPs"
    pairs = {"a": "192.0.2.10,2001:db8:1::10", "b": "192.0.2.11,2001:db8:1::11"}
    create(plane, *(service(name, annotations={wish: text}) for name, text in pairs.items()))
    for name, text in pairs.items():
        wait(plane, name, *text.split(","))
    plane.api.patch(f"{SERVICES}/a", {"metadata": {"annotations": {wish: pairs["b"]}}})
    plane.api.patch(f"{SERVICES}/b", {"metadata": {"annotations": {wish: "192.0.2.12,2001:db8:1::12"}}})
    wait(plane, "b", "192.0.2.12", "2001:db8:1::12")
    wait(plane, "a", *pairs["b"].split(","))


def test_counters_of_a_pool(plane: ControlPlane, shared: Controller) -> None:
    """MetalLB 1.1: int64 in the status; here it is clipped there, and exact in the metrics (12.4)."""
    create(plane, pool("one", "192.0.2.0/29", V6), service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    listener = json.loads(shared.config.read_text())["metrics"]
    for line in (
        'metallb_allocator_addresses_total{pool="one"} 18446744073709551621',
        'metallb_allocator_addresses_in_use_total{pool="one"} 2',
        'metallb_allocator_ipv4_addresses_total{pool="one"} 6',
        'metallb_allocator_ipv6_addresses_in_use_total{pool="one"} 1',
        "metallb_k8s_client_config_loaded_bool 1",
        "metallb_k8s_client_config_stale_bool 0",
        "dualstack_controller_leading_bool 1",
        'dualstack_controller_services{state="assigned"} 1',
    ):
        until(lambda line=line: f"\n{line}\n" in page(listener, "/metrics")[1], line)
    expected = {"assignedIPv4": 1, "availableIPv4": 5, "assignedIPv6": 1, "availableIPv6": 2**63 - 1}
    until(lambda: plane.api.get(f"{POOLS}/one").get("status") == expected, "the counters")
    counts = shared.status()["pools"]["one"]
    assert counts == {
        "ipv4": {"assigned": 1, "available": 5},
        "ipv6": {"assigned": 1, "available": 2**64 - 2},
    }


def test_a_bad_version_of_a_pool_changes_nothing(plane: ControlPlane, shared: Controller) -> None:
    """MetalLB 3.5: the previous configuration stays; here for that one pool, others go on."""
    create(plane, pool("one", V4, V6), pool("good", "198.51.100.0/24", "2001:db8:2::/64", autoAssign=False))
    create(plane, service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    broken = {"metadata": {"annotations": {EDGES: "perhaps"}}}
    plane.api.patch(f"{POOLS}/one", {**broken, "spec": {"addresses": ["203.0.113.0/24"]}})
    until(lambda: shared.status()["config"] == "invalid", "the pool is refused")
    assert "one" in shared.status()["errors"][0]
    create(plane, service("more", annotations={"metallb.io/address-pool": "good"}), service("next"))
    wait(plane, "more", "198.51.100.1", "2001:db8:2::1")
    wait(plane, "next", "192.0.2.2", "2001:db8:1::2")
    assert addresses(read(plane, "web")) == [FIRST["IPv4"], FIRST["IPv6"]]
    state = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/configurationstates/controller"
    until(lambda: plane.api.get(state).get("status", {}).get("result") == "Invalid", "ConfigurationState is Invalid")
    assert "perhaps" in plane.api.get(state)["status"]["errorSummary"]
    shared.end(signal.SIGTERM)
    shared.start()
    create(plane, service("after", annotations={"metallb.io/address-pool": "good"}))
    wait(plane, "after", "198.51.100.2", "2001:db8:2::2")
    assert addresses(read(plane, "web")) == [FIRST["IPv4"], FIRST["IPv6"]], "nor does a restart"
    plane.api.patch(f"{POOLS}/one", {"metadata": {"annotations": {EDGES: None}}, "spec": {"addresses": [V4, V6]}})
    until(lambda: plane.api.get(state)["status"]["result"] == "Valid", "ConfigurationState is Valid")


def test_many_services_at_once_each_get_their_own(plane: ControlPlane) -> None:
    names = [f"web-{number}" for number in range(60)]
    create(plane, *(service(name) for name in names))
    create(plane, pool("one", V4, V6))
    until(lambda: all(len(held(plane.api)[name]) == 2 for name in names), "all have both addresses")
    assert twice(held(plane.api)) == []


def test_the_status_for_people(plane: ControlPlane, shared: Controller) -> None:
    create(plane, pool("one", "192.0.2.1/32"), service("web"))
    until(lambda: "default/web" in shared.status()["waiting"], "the Service waits")
    done = shared.show()
    assert "active, configuration valid" in done.stdout
    assert "waiting: default/web: " in done.stdout
    assert "pool one: ipv4 0 used, 1 free" in done.stdout


def state(cluster: ControlPlane) -> dict[str, Any]:
    """All that counts of the Services."""
    return {
        given["metadata"]["name"]: (
            given["status"]["loadBalancer"].get("ingress"),
            given["metadata"].get("annotations", {}).get(NOTE),
            given["metadata"]["resourceVersion"],
        )
        for given in cluster.api.get(SERVICES)["items"]
        if given["spec"]["type"] == "LoadBalancer"
    }


def test_a_type_that_changed_while_no_controller_ran(plane: ControlPlane, shared: Controller) -> None:
    create(plane, pool("one", V4, V6), service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    shared.end(signal.SIGTERM)
    plane.api.patch(f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}})
    assert NOTE in read(plane, "web")["metadata"]["annotations"]
    shared.start()
    until(lambda: NOTE not in read(plane, "web")["metadata"].get("annotations", {}), "the note is gone")


def test_the_rights_suffice(plane: ControlPlane, shared: Controller) -> None:
    create(plane, pool("one", V4, V6), service("web"))
    wait(plane, "web", FIRST["IPv4"], FIRST["IPv6"])
    until(lambda: plane.api.get(f"{POOLS}/one").get("status"), "counters are written")
    until(lambda: shared.status()["config"] == "valid", "nothing is refused")
    assert "refused" not in shared.log.read_text()
    assert shared.show().returncode == 0


def test_what_metallb_left_is_taken_over_as_it_is(cluster: ControlPlane, shared: Controller) -> None:
    """MetalLB 4.4, restart: addresses are adopted, also edges of a CIDR, which MetalLB hands out."""
    shared.end(signal.SIGTERM)
    create(cluster, pool("one", V4, V6), pool("pin", "198.51.100.0/28", autoAssign=False))
    left = {
        "edge": ["192.0.2.0", "2001:db8:1::"],
        "plain": ["192.0.2.7", "2001:db8:1::7"],
        "single": ["198.51.100.4"],
    }
    for name, texts in left.items():
        more = {"ipFamilies": ["IPv4"]} if name == "single" else {}
        wish = {"metallb.universe.tf/address-pool": "pin"} if name == "single" else {}
        create(cluster, service(name, "SingleStack" if more else "RequireDualStack", annotations=wish, **more))
        note = {"metadata": {"annotations": {NOTE: "pin" if more else "one"}}}
        ingress = [{"ip": text} for text in texts]
        cluster.api.patch(f"{SERVICES}/{name}/status", {**note, "status": {"loadBalancer": {"ingress": ingress}}})
    before = state(cluster)
    create(cluster, service("next"))
    shared.start()
    wait(cluster, "next", FIRST["IPv4"], FIRST["IPv6"])
    after = state(cluster)
    assert {name: after[name] for name in left} == before
    tidy(cluster)
