# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a component of this host says that it is healthy, and how its Node looks to the API server."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .dualstack.components.editing import arguments, yaml_text

SECONDS = 3.0
_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
_SECURE = {"kube-apiserver": ("6443", "/readyz"), "kube-controller-manager": ("10257", "/healthz?verbose")}
_SECURE["kube-scheduler"] = ("10259", "/healthz")
_CLIENT = (("kubelet-client-certificate", "kubelet-client-key"), ("cert-file", "key-file"))


class Answer(NamedTuple):
    """``status`` 0: nobody answered, and ``text`` says why."""

    status: int
    text: str


def url(component: str, given: Sequence[str], config: Mapping[str, Any]) -> str:
    """Where the component says how it is, from its arguments and its configuration; empty where it is told not to."""
    if component in _SECURE:
        port, path = _SECURE[component]
        host = arguments.value(given, "bind-address") or ""
        return f"https://{_host(host)}:{arguments.value(given, 'secure-port') or port}{path}"
    if component == "etcd":
        told = arguments.value(given, "listen-metrics-urls") or arguments.value(given, "listen-client-urls")
        where = urllib.parse.urlsplit((told or "http://127.0.0.1:2379").split(",")[0])
        return f"{where.scheme}://{_host(where.hostname or '')}:{where.port}/health"
    if component == "kubelet":
        port = str(config.get("healthzPort") or arguments.value(given, "healthz-port") or 10248)
        return f"http://{_host(str(config.get('healthzBindAddress') or '127.0.0.1'))}:{port}/healthz"
    host, _colon, port = str(config.get("healthzBindAddress") or ":10256").rpartition(":")
    return f"http://{_host(host.strip('[]'))}:{port}/healthz"


def ask(address: str, certificate: tuple[str, str] | None = None, authority: str | None = None) -> Answer:
    """An answer over HTTP. Without ``authority`` (a file) the server is not verified, as kubelets do with probes."""
    context = ssl.create_default_context(cafile=authority)
    if not authority:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if certificate:
            context.load_cert_chain(*certificate)
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with urllib.request.build_opener(*handlers).open(address, timeout=SECONDS) as answer:
            return Answer(answer.status, answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.read().decode("utf-8", "replace"))
    except (OSError, ssl.SSLError, ValueError) as problem:
        return Answer(0, str(getattr(problem, "reason", problem)))


def client_certificate(given: Sequence[str]) -> tuple[str, str] | None:
    """What an API server shows kubelets, and etcd its peers: good enough to ask them where nobody else may."""
    for names in _CLIENT:
        certificate, key = (arguments.value(given, name) for name in names)
        if certificate and key and os.path.exists(certificate) and os.path.exists(key):
            return certificate, key
    return None


class Kubeconfig:
    """The first cluster and user of a kubeconfig on this host. Raises OSError, EditError, KeyError, IndexError."""

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as file:
            held = yaml_text.parse(file.read())
        self._folder = os.path.dirname(path)
        self._cluster = held["clusters"][0]["cluster"]
        self._user = held["users"][0]["user"]
        self._parts = tempfile.TemporaryDirectory(prefix="dualstack-")

    def get(self, path: str) -> Answer:
        """An object of the API, as JSON."""
        authority = self._file("certificate-authority", self._cluster)
        return ask(self._cluster["server"] + path, self.certificate(), authority)

    def certificate(self) -> tuple[str, str]:
        """The files of the user's certificate and of its key; they last as long as this object."""
        return self._file("client-certificate", self._user), self._file("client-key", self._user)

    def _file(self, key: str, held: Mapping[str, Any]) -> str:
        if held.get(key):
            return os.path.join(self._folder, str(held[key]))
        path = os.path.join(self._parts.name, key)
        with open(path, "wb") as file:
            file.write(base64.b64decode(str(held[f"{key}-data"])))
        return path


def node(kubeconfig: str, name: str) -> tuple[dict[str, Any], str]:
    """The Node, or why it can't be had. The kubelet's own kubeconfig will do."""
    try:
        answer = Kubeconfig(kubeconfig).get(f"/api/v1/nodes/{name}")
        return (json.loads(answer.text), "") if answer.status == 200 else ({}, f"the Node {name}: {_short(answer)}")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as problem:
        return {}, f"the Node {name}: {kubeconfig}: {problem}"


def internal_addresses(held: Mapping[str, Any]) -> list[str]:
    """The InternalIPs of a Node, in their order."""
    addresses = held.get("status", {}).get("addresses", [])
    return [str(each["address"]) for each in addresses if each["type"] == "InternalIP"]


def _short(answer: Answer) -> str:
    return f"{answer.status} {answer.text.strip().splitlines()[0][:200]}" if answer.text.strip() else str(answer.status)


def _host(name: str) -> str:
    host = _ANY.get(name, name)
    return f"[{host}]" if ":" in host else host
