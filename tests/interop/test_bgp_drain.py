# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a node out of service (RFC 8326), as real FRR sees it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from interop.frr import Frr
from interop.stage import Host
from interop.test_bgp import ASN, FAMILIES, PREFIXES, configure, held, peer, routes
from processes import Wire, until

from dualstack_speaker.__main__ import main

ALL = {"ipv4": 2, "ipv6": 2}
EVERY = [prefix for family in FAMILIES for prefix in PREFIXES[family]]


@pytest.fixture
def command(wire: Wire, tmp_path: Path) -> list[str]:
    """What an operator adds to ``dualstack-speaker drain`` to reach this wire."""
    config = tmp_path / "speaker.json"
    config.write_text(
        json.dumps({"node": "node1", "wire_socket": str(wire.path), "status_socket": str(tmp_path / "status.sock")})
    )
    return ["--config", str(config)]


def communities(frr: Frr) -> set[str]:
    """The communities of all prefixes that FRR has."""
    return {path.get("community", {}).get("string", "") for prefix in EVERY for path in frr.route(prefix)}


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("asn", [64500, ASN], ids=["ebgp", "ibgp"])
def test_routes_become_the_worst_then_go_and_come_back(
    frr: Frr,
    router: Host,
    node: Host,
    wire: Wire,
    command: list[str],
    asn: int,
    transport: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(frr, node, transport, asn)
    link = wire.link()
    tor = peer(router, node, transport, peer_asn=asn)
    link.full(peers={"tor": tor}, routes=routes("tor", communities=["64512:7"], local_preference=150))
    until(lambda: held(frr, node, transport) == ALL, "all prefixes")
    assert main(["drain", "--delay", "3600", *command]) == 0
    said = capsys.readouterr().out
    assert said.startswith("node1: routers are told to prefer other nodes; in 3600 s all routes are withdrawn, ")
    assert said.count("\n") == 1
    until(lambda: communities(frr) == {"64512:7 graceful-shutdown"}, "the community of RFC 8326 on all of them")
    assert {frr.route(prefix)[0].get("locPrf") for prefix in EVERY} == {0}
    assert wire.link().ask("status")["status"]["drain"] == "told"
    assert main(["drain", "--delay", "0", *command]) == 0
    assert capsys.readouterr().out.startswith("node1: all routes are withdrawn, ")
    until(lambda: not communities(frr), "nothing is announced any more")
    assert wire.link().ask("status")["status"]["drain"] == "withdrawn"
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1
    assert main(["undrain", *command]) == 0
    assert capsys.readouterr().out == "node1: in service: all routes are announced as before a drain, at once.\n"
    until(lambda: held(frr, node, transport) == ALL and communities(frr) == {"64512:7"}, "all as before")
    assert {frr.route(prefix)[0].get("locPrf") for prefix in EVERY} == ({150} if asn == ASN else {None})
    assert frr.neighbour(node.address(transport))["connectionsEstablished"] == 1


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("delay", [3600, 0], ids=["told", "withdrawn"])
def test_a_drain_outlives_wire_and_holds_for_what_comes_later(
    frr: Frr, router: Host, node: Host, wire: Wire, command: list[str], delay: int, transport: str
) -> None:
    configure(frr, node, transport)
    tor = {"tor": peer(router, node, transport)}
    first = dict(list(routes("tor").items())[1:])
    wire.link().full(peers=tor, routes=first)
    until(wire.journal.exists, "the journal")
    until(lambda: held(frr, node, transport)["ipv6"] == 2, "the prefixes")
    assert main(["drain", "--delay", str(delay), *command]) == 0
    wire.stop(signal.SIGKILL)
    wire.start()
    until(lambda: frr.neighbour(node.address(transport)).get("connectionsEstablished") == 2, "a new session")
    wire.link().full(peers=tor, routes=routes("tor"))
    if delay:
        until(lambda: held(frr, node, transport) == ALL, "all prefixes")
        assert communities(frr) == {"graceful-shutdown"}
    else:
        assert not communities(frr)
    assert main(["undrain", *command]) == 0
    until(lambda: held(frr, node, transport) == ALL and communities(frr) == {""}, "all prefixes as before")


def test_without_wire_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "speaker.json"
    config.write_text(json.dumps({"node": "node1", "wire_socket": str(tmp_path / "none.sock")}))
    assert main(["drain", "--config", str(config)]) == 1
    said = capsys.readouterr()
    assert "No such file or directory" in said.err
    assert not said.out
