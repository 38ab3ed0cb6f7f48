# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a speaker says in events: transitions, and bad resources."""

from __future__ import annotations

import pytest

from dualstack.findings import ERROR, WARNING, Finding
from dualstack_speaker.reporting.correlation import NORMAL, Reference
from dualstack_speaker.reporting.correlation import WARNING as WARNED
from dualstack_speaker.reporting.ledger import Report
from dualstack_speaker.reporting.occasions import of_findings, of_service, service_reference
from dualstack_speaker.reporting.told import NOTHING

SYSTEM = "metallb-system"
PEER = Reference("metallb.io/v1beta2", "BGPPeer", SYSTEM, "tor1")
ABOUT = service_reference("default/web", "u")
BGP = NOTHING._replace(bgp=Report(("tor1",), '{"ipv4":["tor1"],"ipv6":[]}'))
TO_NOBODY = NOTHING._replace(bgp=Report((), '{"ipv4":[],"ipv6":[]}'))
HALF = NOTHING._replace(bgp=Report((), '{"ipv4":[],"ipv6":["tor1"]}'))
LAYER2 = NOTHING._replace(layer2=Report(("eth1",), ""))
DARK = NOTHING._replace(dark=("2001:db8::1",))


@pytest.mark.parametrize(
    ("before", "now", "protocols"),
    [
        (NOTHING, BGP, ["bgp"]),
        (NOTHING, HALF, ["bgp"]),
        (NOTHING, TO_NOBODY, []),
        (TO_NOBODY, BGP, ["bgp"]),
        (BGP, BGP, []),
        (BGP, TO_NOBODY, []),
        (NOTHING, LAYER2, ["layer2"]),
        (BGP, BGP._replace(layer2=LAYER2.layer2), ["layer2"]),
    ],
)
def test_only_the_beginning_is_told(before: object, now: object, protocols: list[str]) -> None:
    """MetalLB 2, nodeAssigned: the text carries node and protocol; withdrawals have no event."""
    found = list(of_service(ABOUT, "node1", before, now, False))  # type: ignore[arg-type]
    assert [(entry.type, entry.reason) for entry in found] == [(NORMAL, "nodeAssigned")] * len(protocols)
    for entry, protocol in zip(found, protocols):
        assert '"node1"' in entry.message and f'"{protocol}"' in entry.message
        assert entry.about == Reference("v1", "Service", "default", "web", "u")


def test_nobody_answers_is_told_when_it_lasts() -> None:
    """MetalLB 2, announceFailed."""
    assert not list(of_service(ABOUT, "node1", NOTHING, DARK, False))
    assert not list(of_service(ABOUT, "node1", DARK, NOTHING, True))
    (found,) = of_service(ABOUT, "node1", DARK, DARK, True)
    assert (found.type, found.reason) == (WARNED, "announceFailed")
    assert "2001:db8::1" in found.message and '"node1"' in found.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "BGPPeer metallb-system/tor1: spec.peerASN",
            Reference("metallb.io/v1beta2", "BGPPeer", "metallb-system", "tor1"),
        ),
        (
            "BGPAdvertisement ads: spec.peers",
            Reference("metallb.io/v1beta1", "BGPAdvertisement", "metallb-system", "ads"),
        ),
        ("IPAddressPool metallb-system/p", Reference("metallb.io/v1beta1", "IPAddressPool", "metallb-system", "p")),
        ("Service default/web: spec", Reference("v1", "Service", "default", "web")),
        ("Node node1", Reference("v1", "Node", "", "node1")),
        ("services.json:1:2", None),
        ("API server", None),
        ("", None),
    ],
)
def test_an_error_is_told_on_the_object_that_has_it_once_for_all_nodes(path: str, expected: Reference | None) -> None:
    finding = Finding("x", ERROR, path, "0", "is wrong", "Correct it.")
    found = list(of_findings([finding], (), "metallb-system"))
    assert [entry.about for entry in found] == ([expected] if expected else [])
    assert all(
        entry.common and entry.reason == "ConfigurationError" and "Correct it" in entry.message for entry in found
    )
    assert not list(of_findings([finding], [finding], "metallb-system")), "said already"


@pytest.mark.parametrize("rule", ["unknown-name", "selects-nothing", "excluded-nodes"])
def test_a_warning_that_takes_several_objects_to_see_is_an_event(rule: str) -> None:
    warning = Finding(rule, WARNING, "BGPAdvertisement a: spec.peers", "old", "nothing of this name exists", "See.")
    (found,) = of_findings([warning], (), SYSTEM)
    assert (found.about.kind, found.about.name, found.reason) == ("BGPAdvertisement", "a", "ConfigurationWarning")
    assert found.common and not list(of_findings([warning], [warning], SYSTEM))


def test_other_warnings_are_no_events() -> None:
    warning = Finding("x", WARNING, "BGPPeer metallb-system/tor1: spec", "", "is odd", "See.")
    assert not list(of_findings([warning], (), "metallb-system"))


@pytest.mark.parametrize("vip", ["192.0.2.1", "2001:db8::1"])
def test_a_vip_that_another_host_claims_too_is_told_once(vip: str) -> None:
    disputed = NOTHING._replace(disputed=(f"{vip}: also at 02:00:00:00:00:01 on eth0",))
    (found,) = of_service(ABOUT, "node1", NOTHING, disputed, False)
    assert (found.type, found.reason) == (WARNED, "addressConflict")
    assert vip in found.message and "02:00:00:00:00:01 on eth0" in found.message
    assert not list(of_service(ABOUT, "node1", disputed, disputed, True))
    assert not list(of_service(ABOUT, "node1", disputed, NOTHING, True))
