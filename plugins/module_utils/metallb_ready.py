# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether MetalLB works: its workloads are ready, and its webhook answers. Asked of the cluster until it does."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from .dualstack.kubernetes import metallb
from .kubectl import Kubectl, KubectlError

Object = dict[str, Any]
PAUSE = 1.0  # seconds between two looks
_PROBE = "dualstack-probe"


class NotReady(Exception):
    """It did not become ready in time, or is not what the plan has; the message says what is lacking."""


def wait(kubectl: Kubectl, namespace: str, mode: str, names: Sequence[tuple[str, str]], seconds: float) -> None:
    """Waits until everything is ready. ``names``: kind and name of workloads; without any, all of the namespace count.

    Raises NotReady, and KubectlError when the API server can't be asked.
    """
    end = time.monotonic() + seconds
    while True:
        lacking = _lacking(kubectl, namespace, mode, names)
        if not lacking:
            return
        if time.monotonic() >= end:
            raise NotReady(f"MetalLB is not ready after {seconds:.0f} s: {'; '.join(lacking)}")
        time.sleep(PAUSE)


def _lacking(kubectl: Kubectl, namespace: str, mode: str, names: Sequence[tuple[str, str]]) -> list[str]:
    there = _get(kubectl, namespace, "deployments.apps,daemonsets.apps")
    found = {(str(item["kind"]), str(item["metadata"]["name"])): item for item in there}
    runs = metallb.mode_of(there)
    if runs is None:
        return [f"no speaker of MetalLB is in the namespace {namespace}"]
    if runs != mode:
        raise NotReady(
            f"MetalLB runs as {runs}, and the plan has {mode}: install the other variant, or change the plan"
        )
    lacking = [f"{kind} {name} is not there" for kind, name in names if (kind, name) not in found]
    lacking += metallb.lacking([found[key] for key in names or found if key in found])
    if lacking:
        return [*lacking, *metallb.waiting(_get(kubectl, namespace, "pods"))]
    return _webhook(kubectl, namespace)


def _get(kubectl: Kubectl, namespace: str, kinds: str) -> list[Object]:
    found: list[Object] = json.loads(kubectl.run("get", kinds, f"--namespace={namespace}", "--output=json"))["items"]
    return found


def _webhook(kubectl: Kubectl, namespace: str) -> list[str]:
    """Why the webhook does not answer: an object that changes nothing is put to it, and not stored."""
    probe = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "Community",
        "metadata": {"name": _PROBE, "namespace": namespace},
    }
    try:
        kubectl.apply([{**probe, "spec": {"communities": []}}], dry=True)
    except KubectlError as problem:
        if problem.webhook:
            return [str(problem).splitlines()[0]]
        raise
    return []
