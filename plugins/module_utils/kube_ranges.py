# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod and service CIDRs that components on this host are told, by their files: whether they run or not.

Every host is asked, and few have such files: what reads them is loaded where they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kube_runners import Run, Runner

COMPONENTS = ("kube-apiserver", "kube-controller-manager")
UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")


def told(components: Iterable[Mapping[str, Any]], run: Run) -> dict[str, dict[str, Any]]:
    """By component, where its files are here: ``flags`` that state CIDRs, or the ``problem`` that hides them.

    ``components``: each with ``name``, ``unit``, ``manifests`` and ``notes``, as the module ``kube_component`` takes
    them. As there, what a change noted that was cut counts more than what it wrote.
    """
    found = {each["name"]: _told(each, run) for each in components if _here(each)}
    return {name: each for name, each in found.items() if each is not None}


def _manifest(each: Mapping[str, Any]) -> str:
    return os.path.join(each["manifests"], f"{each['name']}.yaml")


def _here(each: Mapping[str, Any]) -> bool:
    unit = f"{each['name']}.service"
    places = [_manifest(each), *(os.path.join(folder, unit) for folder in UNITS)]
    return bool(each["unit"]) or any(map(os.path.exists, places))


def _told(each: Mapping[str, Any], run: Run) -> dict[str, Any] | None:
    from .dualstack.components import ranges
    from .kube_change import Change

    try:
        runner = _runner(each, run)
        texts = runner.texts()
        noted = Change(each["name"], each["notes"], "", os.replace).pending()
        return {"flags": ranges.told(runner.flags({**texts, **noted})), "problem": ""} if texts else None
    except OSError:
        return None  # there is no such unit here
    except ValueError as problem:
        return {"flags": {}, "problem": str(problem)}


def _runner(each: Mapping[str, Any], run: Run) -> Runner:
    """The unit that is named, the static pod, or the unit of the component's name."""
    from .kube_runners import StaticPod, Unit

    if each["unit"] or not os.path.exists(_manifest(each)):
        return Unit(each["name"], each["unit"] or f"{each['name']}.service", run)
    return StaticPod(each["name"], _manifest(each))
