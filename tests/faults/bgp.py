# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of BGP. Each function plays one on a scene and returns what was measured, per family:

``lost`` probes that nobody answered; ``gap_ms`` the longest time without an answer; ``missing`` routes not in the
router's table at some look; ``back_ms`` until it was as before; ``flaps`` sessions of BGP and BFD that the router saw
go down; ``ended_ms`` until the speaker gave the session up; ``stuck`` 1 for a session that did not come back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Callable

from faults.looks import Looks, Moments, flaps, neighbour
from faults.probes import Probes, Record
from faults.scene import Scene
from faults.theatre import FAMILIES, PROBED
from interop.frr import Vty
from interop.stage import ip
from processes import until

SETTLE = 0.5  # seconds that probes go on when the router has come to its last word
OFF = 12.0  # seconds that a router is gone: longer than the hold time
FLAPS, FLAP = 20, 0.4  # how often; seconds that a link is down, and then up: longer than BFD waits
KIND = dict(zip(FAMILIES, PROBED))

Outcome = dict[str, dict[str, float]]


def cut(scene: Scene) -> Outcome:
    """A node of two is cut off: nothing it sends arrives. Probed is a flow that it served."""
    host = scene.host
    with Probes(scene.theatre.client, PROBED, host.namespace) as probes:
        ip("-n", host.switch, "link", "set", host.port, "down")
        for family in FAMILIES:
            until(lambda family=family: not scene.sends(host, family), "the router drops its routes")
        time.sleep(SETTLE)
    begun = time.monotonic()
    ip("-n", host.switch, "link", "set", host.port, "up")
    with Moments(lambda family: scene.complete(host, family)) as back:
        pass
    return outcome(probes.records, back_ms=back.since(begun))


def killed(scene: Scene) -> Outcome:
    """``kill -9`` of the speaker, which is started again at once; its peer is a helper of graceful restart."""
    vty = scene.theatre.frr.another_vty()
    counts = {family: established(vty, scene, family) for family in FAMILIES}

    def kill() -> None:
        scene.speaker.kill()
        scene.speaker.again()

    with Moments(lambda family: established(vty, scene, family) > counts[family]) as back:
        begun = time.monotonic()
        found = unnoticed(scene, kill)
    vty.close()
    return merged(found, back_ms=back.since(begun))


def upgraded(scene: Scene) -> Outcome:
    """Another version of the speaker takes over."""
    return unnoticed(scene, scene.speaker.upgrade)


def renamed(scene: Scene) -> Outcome:
    """The interface to the router gets another name."""
    return unnoticed(scene, lambda: ip("-n", scene.host.namespace, "link", "set", "rack1", "name", "uplink1"))


def unnoticed(scene: Scene, act: Callable[[], object]) -> Outcome:
    """Something that nobody should notice."""
    frr = scene.theatre.frr
    before = flaps(frr, scene.host)
    with Probes(scene.theatre.client, PROBED) as probes, Looks(frr, scene.prefixes) as looks:
        act()
        time.sleep(SETTLE)
        scene.settle()
        time.sleep(SETTLE)
    after = flaps(frr, scene.host)
    lost = {family: after[family] - before[family] for family in FAMILIES}
    return outcome(probes.records, missing=looks.missing, flaps=lost)


def rebooted(scene: Scene) -> Outcome:
    """The router goes off and comes back with nothing but its configuration; measured from its bgpd's start on."""
    with Probes(scene.theatre.client, PROBED) as probes:
        scene.theatre.power_off()
        time.sleep(OFF)
        scene.theatre.power_on()
        begun = time.monotonic()
        with Moments(lambda family: scene.complete(scene.host, family)) as back:
            pass
        time.sleep(SETTLE)
    served = {family: probes.records[KIND[family]].back_ms(begun) for family in FAMILIES}
    return {
        family: {
            "served_ms": served[family],
            "back_ms": back.since(begun).get(family, float("inf")),
        }
        for family in FAMILIES
    }


def flapping(scene: Scene) -> Outcome:
    """The link to the node flaps; measured from its last coming up on."""
    for _unused in range(FLAPS):
        for word in ("down", "up"):
            ip("-n", scene.host.switch, "link", "set", scene.host.port, word)
            begun = time.monotonic()
            time.sleep(FLAP)
    with Moments(lambda family: scene.complete(scene.host, family)) as back:
        pass
    took = back.since(begun)
    return {
        family: {"back_ms": took.get(family, float("inf")), "stuck": float(family not in took)} for family in FAMILIES
    }


def silent(scene: Scene) -> Outcome:
    """The router's bgpd stands still until the hold time is over, and goes on then."""
    frr = scene.theatre.frr
    counts = {family: established(frr.vty, scene, family) for family in FAMILIES}

    def again(family: str) -> bool:
        return established(frr.vty, scene, family) > counts[family] and scene.complete(scene.host, family)

    with Probes(scene.theatre.client, PROBED) as probes:
        frr.freeze()
        begun = time.monotonic()
        try:
            with Moments(lambda family: not scene.speaker.established("tor", family)) as ended:
                pass
        finally:
            frr.thaw()
        thawed = time.monotonic()
        with Moments(again) as back:
            pass
        time.sleep(SETTLE)
    return outcome(probes.records, ended_ms=ended.since(begun), back_ms=back.since(thawed))


def established(vty: Vty, scene: Scene, family: str) -> int:
    """How many sessions the router has had with the node."""
    return int(neighbour(vty, scene.host, family)["connectionsEstablished"])


def outcome(records: Mapping[str, Record], **more: Mapping[str, float]) -> Outcome:
    """What the probes say, and ``more`` by its name."""
    found: Outcome = {}
    for family in FAMILIES:
        record = records[KIND[family]]
        found[family] = {"lost": record.lost, "gap_ms": record.gap_ms}
    return merged(found, **more)


def merged(found: Outcome, **more: Mapping[str, float]) -> Outcome:
    """``found`` and ``more`` by its name; infinite where there is no value."""
    for name, values in more.items():
        for family in FAMILIES:
            found[family][name] = values.get(family, float("inf"))
    return found
