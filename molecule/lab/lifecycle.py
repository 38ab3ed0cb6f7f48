# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs on a lab as a whole: create, update, destroy. Each can be repeated after it was interrupted."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path

from . import access, cgroups, hosts, limits, mirror, network, paths, roots, state, stores
from .commands import in_parallel, phase, run
from .state import Lab
from .topology import Host, Topology, suites

NOTHING = Topology(segments=(), hosts=())


def create(name: str, topology: Topology, wanted_suites: dict[str, str]) -> Lab:
    """Builds the lab; when that fails or is interrupted, nothing of it stays."""
    state.check_name(name)
    with state.lock(name):
        if (paths.labs() / name).exists():
            print(f"lab: {name} exists already: destroying it first", file=sys.stderr)
            _destroy(name)
        lab = state.new(name, topology, suites(topology, wanted_suites, {}))
        network.require_free(lab.prefix)
        _provide(lab, list(topology.hosts))
        lab.cgroups = [str(base / f"dslab-{name}-{lab.token}") for base in cgroups.hierarchies()]
        lab.save()
        try:
            _build(lab)
        except BaseException:
            _destroy(name)
            raise
        return lab


def _provide(lab: Lab, new: list[Host]) -> None:
    """Everything that takes long and is kept for all labs."""
    wanted = {(lab.suites[host.name], hosts.flavour(host)) for host in new}
    in_parallel(lambda pair: roots.ensure(*pair), wanted)
    for kind in {kind for host in new if (kind := hosts.store(lab, host))}:
        stores.ensure(kind)


def _build(lab: Lab) -> None:
    limits.raise_inotify()
    for group in lab.cgroups:
        cgroups.create(Path(group))
        cgroups.weigh(Path(group), len(lab.topology.hosts))
    access.create_key(lab)
    with phase(f"network of {lab.name}: {len(lab.topology.segments)} segments, {len(lab.topology.hosts)} hosts"):
        network.create_base(lab)
        network.change(lab, NOTHING, lab.topology)
    mirror.start(lab)
    _boot(lab, list(lab.topology.hosts))
    lab.ready = True
    lab.save()


def _boot(lab: Lab, new: list[Host]) -> None:
    with phase(f"{len(new)} hosts of {lab.name} booted: {', '.join(f'{h.name} ({lab.suites[h.name]})' for h in new)}"):
        hosts.prepare(lab, new)
        hosts.start(lab, new)
        hosts.wait(lab, new)
        access.write(lab)


def update(name: str, topology: Topology, wanted_suites: dict[str, str]) -> Lab:
    """Makes the lab that of a changed plan; hosts, links, routes and services that are in both stay untouched."""
    with state.lock(name):
        lab = state.load(name)
        old = lab.topology
        before = {host.name: host for host in old.hosts}
        gone = before.keys() - {host.name for host in topology.hosts}
        new = [host for host in topology.hosts if host.name not in before]
        lab.suites = suites(topology, wanted_suites, lab.suites)
        _provide(lab, new)
        in_parallel(lambda host: _end(lab, host), sorted(gone))
        lab.topology, lab.numbers = topology, state.renumbered(topology, lab.numbers)
        with phase(f"network of {name}: {len(new)} hosts added, {len(gone)} removed"):
            network.change(lab, old, topology)
        lab.save()
        for host in topology.hosts:
            known = before.get(host.name)
            if host.backend and known and known.backend != host.backend:
                hosts.write_backend(lab, host.name, host.backend)
                hosts.execute(lab, host.name, ["systemctl", "reload", "lab-vips.service", "lab-backend.service"])
        mirror.start(lab)
        if new:
            _boot(lab, new)
        elif gone:
            access.write(lab)
        return lab


def _end(lab: Lab, host: str) -> None:
    """Ends one host and removes its files and cgroups; its network is the caller's."""
    for group in lab.cgroups:
        cgroups.end_processes(Path(group) / host)
    _unmount(lab.of_host(host))
    for group in lab.cgroups:
        cgroups.remove(Path(group) / host)
    shutil.rmtree(lab.of_host(host))


def stop(name: str, chosen: list[str]) -> None:
    """Cuts the power of hosts (of all, when none is named): what runs there ends at once, and what is in memory is
    lost, the configuration of the network with it. Files stay."""
    with state.lock(name):
        lab = state.load(name)
        on = network.present(lab)
        gone = [host for host in _chosen(lab, chosen) if host in on]
        with phase(f"{len(gone)} hosts of {name} off: {', '.join(host.name for host in gone)}"):
            groups = [Path(group) / host.name for host in gone for group in lab.cgroups]
            in_parallel(cgroups.end_processes, groups)
            left = [host for host in on if host not in gone]
            network.change(lab, _only(lab, on), _only(lab, left))


def start(name: str, chosen: list[str]) -> None:
    """Switches hosts on that are off (all, when none is named), with the addresses and default routes of the plan."""
    with state.lock(name):
        lab = state.load(name)
        on = network.present(lab)
        back = [host for host in _chosen(lab, chosen) if host not in on]
        with phase(f"{len(back)} hosts of {name} on: {', '.join(host.name for host in back)}"):
            network.change(lab, _only(lab, on), _only(lab, [*on, *back]))
            hosts.start(lab, back)
            hosts.wait(lab, back)


def _chosen(lab: Lab, names: list[str]) -> list[Host]:
    return [lab.topology.host(name) for name in names] if names else list(lab.topology.hosts)


def _only(lab: Lab, chosen: list[Host]) -> Topology:
    return dataclasses.replace(lab.topology, hosts=tuple(host for host in lab.topology.hosts if host in chosen))


def destroy(name: str) -> bool:
    """Removes the lab, whole or half-made; False when there is none."""
    state.check_name(name)
    with state.lock(name):
        if not (paths.labs() / name).exists():
            return False
        with phase(f"{name} destroyed"):
            _destroy(name)
    return True


def _destroy(name: str) -> None:
    folder = paths.labs() / name
    if (folder / "state.json").exists():
        lab = state.load(name)
        for group in lab.cgroups:
            cgroups.end_processes(Path(group))
        _unmount(folder)
        network.remove(lab)
        for group in lab.cgroups:
            cgroups.remove(Path(group))
        shutil.rmtree(lab.sockets, ignore_errors=True)
        # The record goes last: whatever interrupts this, the next attempt still knows what to look for.
        for path in folder.iterdir():
            if path.name != "state.json":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder)
    limits.put_back_inotify()


def _unmount(folder: Path) -> None:
    prefix = f"{folder}/"
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in points if point.startswith(prefix)), reverse=True):
        run(["umount", point])
