# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller as a test starts it on a real API server, and objects for it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from cluster.api import Api, ApiError
from cluster.control_plane import ControlPlane
from processes import until

from dualstack.kubernetes.crds import crds
from dualstack_speaker.observe.asking import ask

NAMESPACE = "metallb-system"
SERVICES = "/api/v1/namespaces/default/services"
POOLS = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/dualstack-controller"
NOTE = "metallb.io/ip-allocated-from-pool"
QUICK = {"duration": 3, "renew_deadline": 2, "retry_period": 0.4}  # seconds; whole ones, as a Lease holds no others
Object = dict[str, Any]


class Controller:
    """A process with its own status socket; ``settings`` go into its configuration."""

    def __init__(self, plane: ControlPlane, folder: Path, name: str = "controller", **settings: Any) -> None:
        self._short = tempfile.TemporaryDirectory(prefix="dc-", dir="/dev/shm")
        self.socket = Path(self._short.name) / "status.sock"
        self.log = folder / f"{name}.log"
        self.config = folder / f"{name}.json"
        kubeconfig = settings.pop("kubeconfig", plane.admin)
        values = {"kubernetes": {"kubeconfig": str(kubeconfig)}, "identity": name, "lease": QUICK, "rest": 0}
        self.config.write_text(json.dumps({**values, "status_socket": str(self.socket), **settings}))
        self.command = [sys.executable, "-m", "dualstack_speaker.controller"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Controller:
        """Starts it and does not wait."""
        words = [*self.command, "controller", "--config", str(self.config)]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(words, stderr=log)
        return self

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, such as SIGSTOP."""
        os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int | None:
        """Ends it where it runs; its exit status."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.send_signal(number)
        return process.wait(60)

    def close(self) -> None:
        """Takes it away."""
        self.end()
        self._short.cleanup()

    def status(self) -> Object:
        """What it shows of itself; nothing while it does not answer."""
        assert self._process is None or self._process.poll() is None, self.log.read_text()
        try:
            found: Object = ask(str(self.socket), None)
        except (OSError, ValueError):
            return {}
        return found

    def show(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``dualstack-controller status``."""
        command = [*self.command, "status", "--config", str(self.config), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def acts(self) -> bool:
        """Whether it is the active one and knows everything."""
        return bool(self.status().get("lease", {}).get("acting"))

    def stands_by(self) -> bool:
        """Whether it knows everything and somebody else is active."""
        status = self.status()
        lease = status.get("lease", {})
        return bool(lease and not lease["leading"] and lease["holder"] and status["kubernetes"]["loaded"])


def free_port() -> int:
    """A TCP port of loopback on which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        number: int = made.getsockname()[1]
    return number


def page(place: str, path: str) -> tuple[int, str]:
    """Status and text of a page over HTTP; 0 while nobody answers."""
    connection = http.client.HTTPConnection(place, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def service(name: str, policy: str = "RequireDualStack", **spec: Any) -> Object:
    """A Service of the type LoadBalancer; ``annotations`` and ``labels`` go where they belong."""
    metadata: Object = {"name": name}
    metadata.update({key: spec.pop(key) for key in ("annotations", "labels") if key in spec})
    body = {"type": "LoadBalancer", "ipFamilyPolicy": policy, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}


def pool(name: str, *addresses: str, annotations: Object | None = None, **spec: Any) -> Object:
    """An IPAddressPool."""
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations or {}}
    body = {"addresses": list(addresses), **spec}
    return {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata, "spec": body}


def prepare(plane: ControlPlane) -> None:
    """The kinds of metallb.io and their namespace, where they are missing."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": crds()})
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=listed)
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    until(lambda: _answers(plane.api, POOLS), "the API server knows IPAddressPools")


def tidy(plane: ControlPlane) -> None:
    """Takes Services and pools away; the API server's own Service stays."""
    for path in (SERVICES, POOLS):
        names = [item["metadata"]["name"] for item in plane.api.get(path)["items"]]
        for name in names:
            if name != "kubernetes":
                plane.api.delete(f"{path}/{name}")


def clear(plane: ControlPlane) -> None:
    """Takes away what tests leave there, the Lease as well."""
    tidy(plane)
    if _answers(plane.api, LEASE):
        plane.api.delete(LEASE)


def addresses(given: Object) -> list[str]:
    """What a Service's status holds."""
    return [entry["ip"] for entry in given["status"]["loadBalancer"].get("ingress") or []]


def held(api: Api, path: str = SERVICES) -> dict[str, list[str]]:
    """Service → addresses, of load balancers."""
    found = [given for given in api.get(path)["items"] if given["spec"]["type"] == "LoadBalancer"]
    return {given["metadata"]["name"]: addresses(given) for given in found}


def twice(found: dict[str, list[str]]) -> list[str]:
    """Addresses that several Services have."""
    counted = Counter(text for texts in found.values() for text in texts)
    return sorted(text for text, number in counted.items() if number > 1)


def events(api: Api, name: str) -> set[tuple[str, str, str]]:
    """Type, reason and message of the events about a Service."""
    selector = f"fieldSelector=involvedObject.name%3D{name}"
    found = api.get(f"/api/v1/namespaces/default/events?{selector}")["items"]
    return {(event["type"], event["reason"], event["message"]) for event in found}


def _answers(api: Api, path: str) -> bool:
    try:
        api.get(path)
    except ApiError as error:
        assert error.status in (404, 429), error  # 429: a new kind is being made ready
        return False
    return True
