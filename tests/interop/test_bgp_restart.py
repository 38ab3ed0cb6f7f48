# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graceful restart (RFC 4724, RFC 8538) with real FRR as the helper: no prefix is missing at any look at its table."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from interop.frr import Frr
from interop.stage import Host
from interop.test_bgp import FAMILIES, PREFIXES, configure, held, path, peer, routes
from processes import Wire, until

ALL = {"ipv4": 2, "ipv6": 2}
LATE = {"ipv4": "203.0.113.9/32", "ipv6": "2001:db8:9::9/128"}  # what the journal does not know yet


class Watch:
    """Looks at FRR's whole table again and again, on a vty of its own, from ``with`` to its end."""

    def __init__(self, frr: Frr, prefixes: list[str]) -> None:
        self._vty = frr.another_vty()
        self._prefixes = set(prefixes)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.looks = self.missing = self.stale = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._vty.close()

    def _look(self) -> None:
        while not self._over.is_set():
            table = {
                prefix: paths
                for family in FAMILIES
                for prefix, paths in self._vty.show(f"show bgp {family} unicast")["routes"].items()
            }
            self.looks += 1
            self.missing += sum(not table.get(prefix) for prefix in self._prefixes)
            self.stale += sum(path.get("stale", False) for paths in table.values() for path in paths)

    def __str__(self) -> str:
        return f"{self.looks} looks at {len(self._prefixes)} prefixes: {self.missing} missing, {self.stale} stale"


@pytest.fixture
def kept(frr: Frr, router: Host, node: Host, wire: Wire, transport: str) -> dict[str, Any]:
    """The peer of a session that stands, with graceful restart."""
    configure(frr, node, transport)
    tor = peer(router, node, transport, graceful_restart={"time": 60})
    wire.link().full(peers={"tor": tor}, routes=routes("tor"))
    until(lambda: held(frr, node, transport) == ALL, "all prefixes")
    until(wire.journal.exists, "the journal")
    return tor


def sessions(frr: Frr, node: Host, transport: str) -> int:
    """How many sessions FRR had with the node."""
    count: int = frr.neighbour(node.address(transport)).get("connectionsEstablished", 0)
    return count


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1], ids=["killed", "replaced"])
def test_nothing_is_missing_while_wire_is_not_there(
    frr: Frr,
    node: Host,
    wire: Wire,
    transport: str,
    kept: dict[str, Any],
    number: signal.Signals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed, or ended for another version of it; what only the speaker knows stays until it has spoken.

    MetalLB 6.8 graceful restart: by flag, immutable.
    """
    saved = wire.journal.read_bytes()
    late = {prefix: path("tor") for prefix in LATE.values()}
    wire.link().delta(routes=late)
    until(lambda: all(frr.route(prefix) for prefix in LATE.values()), "the late prefixes")
    prefixes = [*LATE.values(), *(prefix for family in FAMILIES for prefix in PREFIXES[family])]
    with Watch(frr, prefixes) as watch:
        status = wire.stop(number)
        assert status == (0 if number == signal.SIGUSR1 else -signal.SIGKILL)
        until(lambda: all(stale(frr, [prefix]) for prefix in prefixes), "all of them are kept as stale")
        wire.journal.write_bytes(saved)
        wire.start()
        until(lambda: sessions(frr, node, transport) == 2, "a new session")
        until(lambda: not stale(frr, PREFIXES[transport]), "the prefixes of the journal again")
        assert stale(frr, list(LATE.values()))
        wire.link().full(peers={"tor": kept}, routes={**routes("tor"), **late})
        until(lambda: not stale(frr, prefixes), "nothing is stale")
    with capsys.disabled():
        print(f"\n    {number.name} of wire over {transport}: {watch}")
    assert watch.missing == 0 and watch.stale


@pytest.mark.parametrize("transport", FAMILIES)
@pytest.mark.parametrize("word", ["speaker", "patience"])
def test_what_is_no_longer_wanted_goes_after_the_restart(
    frr: Frr,
    node: Host,
    wire: Wire,
    transport: str,
    kept: dict[str, Any],
    word: str,
) -> None:
    """Once the speaker has spoken, or was waited for long enough."""
    saved = wire.journal.read_bytes()
    wire.link().delta(routes={prefix: path("tor") for prefix in LATE.values()})
    until(lambda: all(frr.route(prefix) for prefix in LATE.values()), "the late prefixes")
    wire.stop(signal.SIGKILL)
    until(lambda: stale(frr, list(LATE.values())), "they are kept as stale")
    wire.journal.write_bytes(saved)
    if word == "patience":
        shorten(wire.config)
    wire.start()
    until(lambda: sessions(frr, node, transport) == 2, "a new session")
    if word == "speaker":
        wire.link().full(peers={"tor": kept}, routes=routes("tor"))
    until(lambda: not any(frr.route(prefix) for prefix in LATE.values()), "what nobody wants is gone")
    assert all(frr.route(prefix) for family in FAMILIES for prefix in PREFIXES[family])


@pytest.mark.parametrize("transport", FAMILIES)
def test_a_stop_withdraws_in_spite_of_graceful_restart(
    frr: Frr, node: Host, wire: Wire, transport: str, kept: dict[str, Any]
) -> None:
    assert wire.stop() == 0
    until(lambda: not any(frr.route(prefix) for family in FAMILIES for prefix in PREFIXES[family]), "no prefix left")


def stale(frr: Frr, prefixes: list[str]) -> bool:
    """Whether FRR keeps any of them as stale."""
    return any(path.get("stale") for prefix in prefixes for path in frr.route(prefix))


def shorten(config: Path) -> None:
    """The next wire waits for a speaker a second only."""
    config.write_text(config.read_text().replace("{", '{"restart_patience": 1, ', 1))
