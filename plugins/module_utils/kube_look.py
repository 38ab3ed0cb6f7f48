# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a component of this host is as wanted: it runs with its flags, is healthy, and the cluster sees it so."""

from __future__ import annotations

import calendar
import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import kube_health
from .dualstack.components.editing import arguments, yaml_text
from .dualstack.components.editing.owned import Owned
from .kube_process import Process
from .kube_runners import Runner, read
from .kubectl import Kubectl, KubectlError

_LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager"
_OWN_CHECKS = ("leaderElection", "ping", "log")  # those that kube-controller-manager has before it leads


class Looker:
    """Looks at one component. ``owned``: the flags that it must run with; None: any."""

    def __init__(self, runner: Runner, owned: Owned | None, kubectl: Kubectl) -> None:
        self.runner, self.owned, self.kubectl = runner, owned, kubectl
        self.node = ""
        self.addresses: Sequence[str] = ()
        self.ready = True
        self._renewed = ""
        self._kubeconfig: kube_health.Kubeconfig | None = None

    def process(self, since: float = 0.0) -> Process | None:
        """A process with the flags, if there is one that began at ``since`` or later (see Process)."""
        fitting = (
            each
            for each in self.runner.processes()
            if self.owned is None or not arguments.changes(each.arguments, self.owned)
        )
        return next((each for each in fitting if each.started >= since), None)

    def missing(self, since: float, wall: float) -> str:
        """What is missing, empty when nothing is. Only processes and reports that are younger count.

        With ``since`` 0.0, where nothing was changed, it does not matter who leads.
        """
        process = self.process(since)
        if not process:
            return "it does not run with these flags"
        component = self.runner.component
        try:
            config = configuration(process.arguments)
        except (OSError, ValueError) as problem:
            return str(problem)
        address = kube_health.url(component, process.arguments, config)
        administrator = self._administrator() if component == "kube-apiserver" else None
        certificate = administrator or kube_health.client_certificate(process.arguments)
        answer = kube_health.ask(address, certificate)
        # Who else is asked for a name answers, and there is none to give. An API server that does not know its roles
        # yet forbids everything, to administrators as well.
        if answer.status not in ((200,) if administrator else (200, 401, 403)):
            return f"{address} says {answer.status or 'nothing'}: {_failed_checks(answer.text)}"
        if component == "kube-controller-manager" and since:
            return self._leads_or_waits(answer.text)
        if component == "etcd":
            return self._serves()
        return self._node(process, wall) if component == "kubelet" and self.node else ""

    def _administrator(self) -> tuple[str, str] | None:
        """The certificate and key of the kubeconfig of ``kubectl``; None where that has none."""
        try:
            self._kubeconfig = self._kubeconfig or kube_health.Kubeconfig(self.kubectl.kubeconfig)
            return self._kubeconfig.certificate()
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            return None

    def _serves(self) -> str:
        """An API server, if there is one for this host, comes to its data."""
        if not os.path.exists(self.kubectl.kubeconfig):
            return ""
        try:
            self.kubectl.run("get", "--raw=/readyz", "--request-timeout=5s")
        except KubectlError as problem:
            return f"the API server is not ready: {problem}"
        return ""

    def _leads_or_waits(self, checks: str) -> str:
        """Its controllers begin, and may end it, only where it leads: so they run, or another one leads."""
        names = [line[3:].split()[0] for line in checks.splitlines() if line.startswith("[+]")]
        if any(name not in _OWN_CHECKS for name in names):
            return ""
        try:
            lease = json.loads(self.kubectl.run("get", "--raw", _LEASE))["spec"]
        except (KubectlError, ValueError, KeyError) as problem:
            return f"who leads is not known: {problem}"
        renewed, before = f"{lease.get('holderIdentity')} {lease.get('renewTime')}", self._renewed
        self._renewed = renewed
        holder = str(lease.get("holderIdentity", "")).rpartition("_")[0]
        if holder == os.uname().nodename:
            return "it is to lead and does not yet"
        return "" if before and before != renewed and before.split()[0] == renewed.split()[0] else "nobody leads yet"

    def _node(self, process: Process, wall: float) -> str:
        kubeconfig = arguments.value(process.arguments, "kubeconfig") or "/etc/kubernetes/kubelet.conf"
        held, problem = kube_health.node(kubeconfig, self.node)
        if problem:
            return problem
        found = kube_health.internal_addresses(held)
        if self.addresses and found != list(self.addresses):
            told = ", ".join(found) or "none"
            return f"the Node {self.node} has the addresses {told}, and not {', '.join(self.addresses)}"
        ready = condition(held)
        if not self.ready:
            return ""
        if ready.get("status") != "True":
            return f"the Node {self.node} is not Ready: {ready.get('message', '')}"
        return (
            ""
            if _seconds(ready.get("lastHeartbeatTime", "")) >= int(wall)
            else f"the Node {self.node} has not reported yet"
        )


def configuration(given: Sequence[str]) -> Mapping[str, Any]:
    """The file of ``--config``, empty without it. Raises OSError, EditError."""
    path = arguments.value(given, "config")
    held = yaml_text.parse(read(path)) if path else {}
    return held if isinstance(held, dict) else {}


def condition(held: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition Ready of a Node."""
    conditions = held.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), {})


def _seconds(stamp: str) -> int:
    """Seconds since 1970 of a time of the API server, of seconds."""
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) if stamp else 0


def _failed_checks(text: str) -> str:
    failed = [line for line in text.splitlines() if line.startswith("[-]")]
    return "; ".join(failed or text.strip().splitlines()[:1])[:300]
