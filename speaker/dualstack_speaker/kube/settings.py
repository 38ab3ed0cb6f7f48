# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an API server is reached: from a kubeconfig (JSON, or YAML where PyYAML is there), or as a pod reaches it.

Left out on purpose: credential plugins (``exec``, ``auth-provider``), user names and passwords, proxies, impersonation.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import SettingsError

POD_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_UNSUPPORTED = ("exec", "auth-provider", "username", "password", "as")
_TO_JSON = "kubectl config view --raw --flatten --minify -o json"


@dataclass(frozen=True)
class Settings:
    """``ca``, ``certificate``, ``key``: PEM texts, or paths (``*_file``). No representation shows a secret.

    ``prefix`` begins every path; ``server_name`` is what the server's certificate must name, if not ``host``.
    """

    host: str
    port: int
    prefix: str = ""
    tls: bool = True
    server_name: str | None = None
    verify: bool = True
    ca: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    certificate_file: str | None = None
    key: str | None = field(default=None, repr=False)
    key_file: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    pod: bool = False

    @property
    def url(self) -> str:
        """The server as others write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.prefix}"

    @property
    def files(self) -> tuple[str, ...]:
        """The files of which the credentials consist, but that of the token."""
        return tuple(path for path in (self.ca_file, self.certificate_file, self.key_file) if path)


def in_pod(environment: Mapping[str, str] | None = None, folder: str = POD_FOLDER) -> Settings:
    """What Kubernetes gives every pod with a service account. Raises SettingsError outside of a pod.

    ``environment``: that of the process unless stated.
    """
    environment = os.environ if environment is None else environment
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        reason = "KUBERNETES_SERVICE_HOST is not set, so this is no pod; name a kubeconfig in the configuration"
        raise SettingsError(reason)
    if not _is_port(port):
        raise SettingsError(f"KUBERNETES_SERVICE_PORT: {port!r} is no port")
    return Settings(
        host=_bare(host),
        port=int(port),
        ca_file=os.path.join(folder, "ca.crt"),
        token_file=os.path.join(folder, "token"),
        pod=True,
    )


def from_file(path: str) -> Settings:
    """The current context of a kubeconfig; relative paths count from its folder. Raises SettingsError."""
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {getattr(error, 'strerror', None) or 'is no text'}") from None
    return _Kubeconfig(path, _parsed(path, text)).settings()


def _parsed(path: str, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path}: is no JSON: {error}") from None
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        fix = f"write it as JSON, which kubectl reads as well ({_TO_JSON}), or install PyYAML"
        raise SettingsError(f"{path}: is YAML, which needs PyYAML; {fix}") from None
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{place}: is neither JSON nor YAML") from None  # the error's text may show a token


class _Kubeconfig:
    """A kubeconfig as plain data; errors name the place in it."""

    def __init__(self, path: str, given: Any) -> None:
        self._path = path
        self._given = self._mapping(given, "")

    def settings(self) -> Settings:
        context_name = self._given.get("current-context")
        if not context_name:
            raise self._error("current-context", "is missing: name one of the contexts")
        context = self._named("contexts", "context", context_name)
        cluster = self._named("clusters", "cluster", context.get("cluster"))
        user = self._named("users", "user", context.get("user")) if context.get("user") else {}
        for name in _UNSUPPORTED:
            if user.get(name):
                fix = "use a token, a tokenFile or a client certificate"
                raise self._error(f"users[{context.get('user')}].{name}", f"is not supported: {fix}")
        if cluster.get("proxy-url"):
            raise self._error(f"clusters[{context.get('cluster')}].proxy-url", "is not supported")
        tls, host, port, prefix = self._server(cluster.get("server"))
        certificate, certificate_file = self._pem(user, "client-certificate")
        key, key_file = self._pem(user, "client-key")
        if bool(certificate or certificate_file) != bool(key or key_file):
            raise self._error(f"users[{context.get('user')}]", "a client certificate and its key go together")
        ca, ca_file = self._pem(cluster, "certificate-authority")
        token_file = self._text(user, "tokenFile")
        return Settings(
            host=host,
            port=port,
            prefix=prefix,
            tls=tls,
            server_name=self._text(cluster, "tls-server-name"),
            verify=not cluster.get("insecure-skip-tls-verify"),
            ca=ca,
            ca_file=ca_file,
            certificate=certificate,
            certificate_file=certificate_file,
            key=key,
            key_file=key_file,
            token=None if token_file else self._text(user, "token"),
            token_file=self._absolute(token_file),
        )

    def _server(self, url: Any) -> tuple[bool, str, int, str]:
        example = "a URL like https://192.0.2.10:6443 or https://[2001:db8::10]:6443 is expected"
        try:
            parts = urlsplit(str(url))
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in ("https", "http") or not host:
            raise self._error("clusters: server", f"{example}, not {url!r}")
        tls = parts.scheme == "https"
        return tls, host, port or (443 if tls else 80), parts.path.rstrip("/")

    def _pem(self, given: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
        """The text or the path; as of kubectl, the text counts where both stand."""
        data = self._text(given, f"{name}-data")
        if data is None:
            return None, self._absolute(self._text(given, name))
        try:
            return base64.b64decode(data, validate=True).decode("ascii"), None
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise self._error(f"{name}-data", "is not base64 of PEM text") from None

    def _text(self, given: Mapping[str, Any], name: str) -> str | None:
        value = given.get(name)
        if value is not None and not isinstance(value, str):
            raise self._error(name, "a text is expected")
        return value or None

    def _absolute(self, path: str | None) -> str | None:
        return None if path is None else os.path.join(os.path.dirname(os.path.abspath(self._path)), path)

    def _named(self, many: str, one: str, name: Any) -> Mapping[str, Any]:
        entries = self._given.get(many) or []
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping) and entry.get("name") == name:
                return self._mapping(entry.get(one) or {}, f"{many}[{name}].{one}")
        raise self._error(many, f"none has the name {name!r}")

    def _mapping(self, given: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            raise self._error(place, "an object is expected")
        return given

    def _error(self, place: str, words: str) -> SettingsError:
        return SettingsError(f"{self._path}: {place}: {words}" if place else f"{self._path}: {words}")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= 65535


def _bare(host: str) -> str:
    """An address without the brackets that some write around IPv6."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return host
