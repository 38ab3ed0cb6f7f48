# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the cluster around the product: its API server, certificates, full disks, clocks. Per family, returned:

``lost`` and ``gap_ms`` of the VIP behind the router, ``rack_lost`` and ``rack_gap_ms`` of the one on the rack;
``missing``: routes of the VIPs not in the router's table at some look; ``caught_up_ms``: from the moment at which the
cause was gone until the router had what changed meanwhile, and no more what was deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from cluster import product
from cluster.product import rbac
from faults.bgp import Outcome
from faults.clocks import HOUR
from faults.kube_scene import KubeScene, Watched
from faults.looks import Looks
from faults.theatre import FAMILIES, VIP
from interop.stage import ip
from processes import until

SHORT, LONG = 20.0, 600.0  # seconds that an API server is away
SETTLE = 0.5
ACCOUNTS = (rbac.SPEAKER, rbac.CONTROLLER)
_NUMBERS = count(1)


def api_down(scene: KubeScene, seconds: float = SHORT) -> Outcome:
    """API server and etcd are killed, and started again after some time; then a Service comes."""

    def act() -> None:
        scene.plane.kill()
        time.sleep(seconds)
        scene.plane.start()

    return unnoticed(scene, act)


def api_down_long(scene: KubeScene) -> Outcome:
    """The same for ten minutes."""
    return api_down(scene, LONG)


def api_away(scene: KubeScene, seconds: float = SHORT) -> Outcome:
    """Nothing reaches the API server, which goes on; meanwhile a Service that was there is deleted."""
    gone = _more(scene)
    vips = scene.addresses(gone)

    def act() -> None:
        ip("-n", scene.server.switch, "link", "set", scene.server.port, "down")
        scene.delete(gone)
        time.sleep(seconds)
        ip("-n", scene.server.switch, "link", "set", scene.server.port, "up")

    def caught_up() -> None:
        until(lambda: not any(scene.announcers(family, vips[family]) for family in FAMILIES), "its routes are gone")

    return unnoticed(scene, act, caught_up)


def expired(scene: KubeScene) -> Outcome:
    """The clients' certificates end, their connections too; the certificates are renewed after some time."""

    def act() -> None:
        for account in ACCOUNTS:
            product.account(scene.plane, account, seconds=-1)
        scene.plane.kill()
        scene.plane.start()
        refused = [node.speaker.log for node in scene.nodes.values()]
        until(lambda: all("401" in _told(log) for log in refused), "the speakers are refused")
        for account in ACCOUNTS:
            product.account(scene.plane, account)

    return unnoticed(scene, act)


def server_expired(scene: KubeScene) -> Outcome:
    """The server's certificate ends, and is renewed after some time."""

    def act() -> None:
        scene.plane.pki.server(scene.plane.addresses, seconds=-1)
        scene.plane.kill()
        scene.plane.launch()
        speakers = [node.speaker.log for node in scene.nodes.values()]
        until(lambda: all("certificate has expired" in _told(log) for log in speakers), "the speakers do not trust it")
        scene.plane.pki.server(scene.plane.addresses)
        scene.plane.start()

    return unnoticed(scene, act)


def disk_full(scene: KubeScene) -> Outcome:
    """The file systems of the nodes are full while a Service comes and a speaker is killed and started again."""

    def act() -> None:
        with full(scene):
            _more(scene)
            node = scene.nodes["node1"]
            node.speaker.end()
            node.speaker.start()
            until(lambda: node.status().get("wire", {}).get("connected"), "the speaker is back")

    return unnoticed(scene, act)


def speaker_killed(scene: KubeScene) -> Outcome:
    """The speaker of each node is killed, a Service is deleted meanwhile, and the speakers are started again."""
    gone = _more(scene)
    vips = scene.addresses(gone)

    def act() -> None:
        for node in scene.nodes.values():
            node.speaker.end()
        scene.delete(gone)
        time.sleep(SETTLE)
        for node in scene.nodes.values():
            node.speaker.start()

    def caught_up() -> None:
        until(lambda: not any(scene.announcers(family, vips[family]) for family in FAMILIES), "its routes are gone")

    return unnoticed(scene, act, caught_up)


def drained(scene: KubeScene) -> Outcome:
    """Each node in turn is drained by its annotation until the router has no route from it, and taken back."""
    everybody = len(scene.nodes)

    def annotated(name: str, seconds: str | None) -> None:
        note = {"metadata": {"annotations": {"baremetal.dualstack/drain": seconds}}}
        scene.api.patch(f"/api/v1/nodes/{name}", note)
        count = everybody if seconds is None else everybody - 1
        until(lambda: scene.routed(VIP, count), f"routes from {count} nodes")

    def act() -> None:
        for name in scene.nodes:
            annotated(name, "1")
            until(lambda name=name: name not in map(scene.owner, FAMILIES), "another one answers on the rack")
            annotated(name, None)

    return unnoticed(scene, act)


def clock(scene: KubeScene) -> Outcome:
    """The clocks of a node and of a controller jump an hour forth, then two back."""

    def act() -> None:
        for offset in (HOUR, -HOUR):
            for one in scene.clocks:
                one.set(offset)
            _more(scene)

    return unnoticed(scene, act)


def unnoticed(scene: KubeScene, act: Callable[[], object], caught_up: Callable[[], object] = bool) -> Outcome:
    """Something that no client may notice; afterwards all goes on, and another Service comes to the router."""
    prefixes = {"ipv4": [f"{VIP['ipv4']}/32"], "ipv6": [f"{VIP['ipv6']}/128"]}
    with Watched(scene) as watched, Looks(scene.theatre.frr, prefixes) as looks:
        act()
        begun = time.monotonic()
        caught_up()
        _more(scene)
        took = (time.monotonic() - begun) * 1000
        time.sleep(SETTLE)
    scene.settle()
    found = {}
    for family in FAMILIES:
        routed, rack = (watched.records[kind][family] for kind in ("bgp", "layer2"))
        found[family] = {
            "lost": float(routed.lost),
            "gap_ms": routed.gap_ms,
            "rack_lost": float(rack.lost),
            "rack_gap_ms": rack.gap_ms,
            "missing": float(looks.missing[family]),
            "caught_up_ms": took,
        }
    return found


@contextmanager
def full(scene: KubeScene) -> Iterator[None]:
    """All that the nodes' file systems still hold is taken."""
    files = [node.journal.with_name("filler") for node in scene.nodes.values()]
    for path in files:
        _fill(path)
    try:
        yield
    finally:
        for path in files:
            path.unlink()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 12))
        except OSError:
            return


def _more(scene: KubeScene) -> str:
    """One more Service, whose routes are at the router when this returns; its name."""
    name = f"more-{next(_NUMBERS)}"
    scene.create(name, "routed")
    until(lambda: scene.addresses(name), f"addresses of {name}")
    vips = scene.addresses(name)
    until(lambda: scene.routed(vips), f"routes of {name}")
    return name


def _told(log: Path) -> str:
    return log.read_text(errors="replace")
