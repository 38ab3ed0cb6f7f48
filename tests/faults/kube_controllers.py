# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the controllers: one is killed in the middle of its work, one is cut off and another takes over.

Beside what ``kube.unnoticed`` returns, per family: ``twice``: addresses that stood in two Services at some look;
``changed``: Services that lost or changed an address that they had.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count

from cluster.controllers import held, twice
from faults.bgp import Outcome
from faults.kube import unnoticed
from faults.kube_scene import SERVICES, KubeScene
from faults.theatre import FAMILIES
from interop.stage import ip
from processes import until

TURNS, BURST = 10, 6
_NUMBERS = count(1)


class Owners:
    """Looks at all Services from ``with`` to its end; ``note`` and ``compare`` hold two moments together."""

    def __init__(self, scene: KubeScene) -> None:
        self.twice: set[str] = set()
        self.changed: set[str] = set()
        self._noted: dict[str, list[str]] = {}
        self._api = scene.plane.client()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Owners:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._api.close()

    def note(self, found: dict[str, list[str]]) -> None:
        """Who has an address now keeps it until ``compare``."""
        self._noted = {name: texts for name, texts in found.items() if texts}

    def compare(self, found: dict[str, list[str]]) -> None:
        """Looks what has become of them."""
        for name, texts in self._noted.items():
            self.changed.update(text for text in texts if text not in found.get(name, []))

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.twice.update(twice(held(self._api, SERVICES)))


def killed(scene: KubeScene) -> Outcome:
    """Ten times the active controller is killed while Services come, and started again."""

    def act(owners: Owners) -> None:
        for turn in range(TURNS):
            active = until(scene.active, "a controller is active")
            names = _come(scene, BURST)
            _wait(scene, names, turn * 3 % BURST)
            active.end()
            owners.note(held(scene.api))
            active.start()
            _wait(scene, names, BURST)
            owners.compare(held(scene.api))
            _go(scene, names)

    return _judged(scene, act)


def cut_off(scene: KubeScene) -> Outcome:
    """The active controller is cut off while Services come; another one takes over, and the first one comes back."""

    def act(owners: Owners) -> None:
        cut = until(scene.active, "a controller is active")
        [name] = [name for name, controller in scene.controllers.items() if controller is cut]
        [other] = [controller for controller in scene.controllers.values() if controller is not cut]
        [host] = [host for host in scene.theatre.stage.hosts if host.namespace.endswith(f"-{name}")]
        names = _come(scene, BURST)
        ip("-n", host.switch, "link", "set", host.port, "down")
        try:
            owners.note(held(scene.api))
            names += _come(scene, BURST)
            until(other.acts, "the other one acts")
            _wait(scene, names, len(names))
        finally:
            ip("-n", host.switch, "link", "set", host.port, "up")
        until(lambda: not cut.status().get("lease", {}).get("error", "?"), "the first one is back")
        owners.compare(held(scene.api))
        _go(scene, names)

    return _judged(scene, act)


def _judged(scene: KubeScene, act: Callable[[Owners], None]) -> Outcome:
    with Owners(scene) as owners:
        found = unnoticed(scene, lambda: act(owners))
    for family in FAMILIES:
        mark = ":" if family == "ipv6" else "."
        for measure, texts in (("twice", owners.twice), ("changed", owners.changed)):
            found[family][measure] = float(sum(mark in text for text in texts))
    return found


def _come(scene: KubeScene, number: int) -> list[str]:
    names = [f"burst-{next(_NUMBERS)}" for _unused in range(number)]
    for name in names:
        scene.create(name, "routed")
    return names


def _go(scene: KubeScene, names: list[str]) -> None:
    for name in names:
        scene.delete(name)


def _wait(scene: KubeScene, names: list[str], number: int) -> None:
    """Until so many of them have both addresses."""
    until(lambda: sum(len(scene.addresses(name)) == 2 for name in names) >= number, f"{number} have addresses")
