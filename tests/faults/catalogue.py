# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that are played, each with its scene and with the speakers that meet it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, NamedTuple

from faults import bgp, clocks, deafness, kube, kube_controllers, layer2, owners
from faults.bgp import Outcome
from faults.clocks import ClockedFrr, ClockedWire
from faults.kube_scene import KubeScene
from faults.owners import Owners
from faults.rack import KernelOwner, Owner, Rack, WireOwner
from faults.scene import Scene
from faults.speakers import FrrSpeaker, Speaker, WireSpeaker
from faults.theatre import Terms

Play = Callable[[Path, Path, ExitStack], Outcome]
MANY = 20_000  # prefixes per family, more than a connection holds that nobody reads


class Fault(NamedTuple):
    """``plays``: by the name of who meets it, a round in a scene of its own (root file system, folder, stack)."""

    name: str
    plays: Mapping[str, Play]
    slow: bool = False  # played only when it is asked for by its name, and once


def routed(
    name: str,
    act: Callable[[Any], Outcome],
    terms: Terms,
    nodes: int = 1,
    scene: type[Scene] = Scene,
    slow: bool = False,
    makers: Iterable[type[Speaker]] = (WireSpeaker, FrrSpeaker),
) -> Fault:
    """A fault that wire and FRR meet behind a router."""

    def play(make: type[Speaker]) -> Play:
        return lambda root, folder, stack: act(scene(root, folder, stack, make, terms, nodes))

    return Fault(name, {make.name: play(make) for make in makers}, slow)


def on_the_rack(name: str, act: Callable[[Rack], Outcome], kernel: bool = True) -> Fault:
    """A fault of layer 2, which the kernel as owner of the address meets too, where it can."""

    def play(make: type[Owner]) -> Play:
        return lambda _unused, folder, stack: act(Rack(folder, stack, make))

    return Fault(name, {make.name: play(make) for make in (WireOwner, *([KernelOwner] if kernel else []))})


def in_a_cluster(name: str, act: Callable[[KubeScene], Outcome], slow: bool = False, **terms: Any) -> Fault:
    """A fault that the product meets on a real API server."""
    return Fault(name, {"wire": lambda root, folder, stack: act(KubeScene(root, folder, stack, **terms))}, slow)


def among_owners(name: str, act: Callable[[Owners], Outcome], **terms: bool) -> Fault:
    """A fault of layer 2 where several nodes may answer."""

    def play(_unused: Path, folder: Path, stack: ExitStack) -> Outcome:
        return act(Owners(folder, stack, **terms))

    return Fault(name, {WireOwner.name: play})


PLAIN, WATCHED = Terms(), Terms(bfd=True)
KEPT, KEPT_WATCHED = Terms(graceful_restart=True), Terms(graceful_restart=True, bfd=True)
FAULTS = (
    routed("cut", bgp.cut, WATCHED, nodes=2),
    routed("killed", bgp.killed, KEPT),
    routed("killed-bfd", bgp.killed, KEPT_WATCHED),
    routed("upgraded", bgp.upgraded, KEPT_WATCHED),
    routed("rebooted", bgp.rebooted, PLAIN),
    routed("rebooted-bfd", bgp.rebooted, WATCHED),
    routed("flapping", bgp.flapping, WATCHED),
    routed("window-full", deafness.window_full, Terms(routes=MANY), scene=deafness.DeafScene),
    routed("given-up", deafness.given_up, Terms(routes=MANY), scene=deafness.DeafScene, slow=True),
    routed("silent", bgp.silent, PLAIN),
    routed("clock", clocks.jumped, WATCHED, makers=(ClockedWire, ClockedFrr)),
    routed("renamed", bgp.renamed, WATCHED),
    on_the_rack("killed-layer2", layer2.killed, kernel=False),
    on_the_rack("upgraded-layer2", layer2.upgraded, kernel=False),
    on_the_rack("renamed-layer2", layer2.renamed),
    on_the_rack("new-mac-layer2", layer2.changed_mac),
    on_the_rack("enslaved-layer2", layer2.enslaved),
    among_owners("killed-owner", owners.killed),
    among_owners("cut-owner", owners.cut),
    among_owners("stopped-owner", owners.stopped),
    among_owners("drained-owner", owners.drained),
    among_owners("restarted-others", owners.restarted),
    among_owners("clock-owner", owners.jumped, clocked=True),
    among_owners("full-disk-owner", owners.full_disk, small=True),
    in_a_cluster("api-down", kube.api_down),
    in_a_cluster("api-down-long", kube.api_down_long, slow=True),
    in_a_cluster("api-away", kube.api_away),
    in_a_cluster("certificate", kube.expired),
    in_a_cluster("server-certificate", kube.server_expired),
    in_a_cluster("disk-full", kube.disk_full),
    in_a_cluster("clock-kubernetes", kube.clock, nodes=2, clocked=True),
    in_a_cluster("speaker-killed", kube.speaker_killed),
    in_a_cluster("drained", kube.drained),
    in_a_cluster("controller-killed", kube_controllers.killed),
    in_a_cluster("controller-cut-off", kube_controllers.cut_off),
)
