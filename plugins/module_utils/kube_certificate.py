# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate of this host's API server: kubeadm makes another one where names are lacking, with a way back.

Names that it has stay. The new pair is made aside and looked at before the old one is touched. Nothing is started
anew: an API server reads its pair again by itself when the files change, and every minute (apiserver's
dynamiccertificates). Left out on purpose: certificates that kubeadm's authority did not sign, or that it can't sign
here, as its key is elsewhere; both are told.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import tempfile
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import kube_documents, kube_health, kubeadm
from .dualstack.components.editing import arguments, kubeadm_config, yaml_text
from .dualstack.components.editing.names import lacking
from .kube_change import Change, NotUp
from .kube_runners import read
from .kubectl import Kubectl

COMPONENT = "kube-apiserver"
_NAMES = ("DNS", "IP Address")
_PARTIAL_CHAIN, _NO_TIME = 0x80000, 0x200000  # X509_V_FLAG_… of OpenSSL: no root is needed, and dates do not matter
_FLIGHTS = 6  # of a handshake, at the most
_EVERY = 0.5


class Pair(NamedTuple):
    """Files with a certificate and its key."""

    certificate: str
    key: str


def names(pair: Pair, authority: str = "") -> list[str]:
    """What a certificate names. With ``authority`` (a file), one that this did not sign is an ssl.SSLError.

    Raises OSError, an ssl.SSLError too where the files are no pair. A handshake in memory tells: the standard library
    reads only certificates that it verifies.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(*pair)
    client.check_hostname = False
    client.verify_flags |= ssl.VerifyFlags(_PARTIAL_CHAIN | _NO_TIME)
    client.load_verify_locations(authority or pair.certificate)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    for flight in range(_FLIGHTS):
        try:
            ends[flight % 2].do_handshake()
        except ssl.SSLWantReadError:
            continue
    held: Any = ends[0].getpeercert() or {}
    return [str(name) for kind, name in held.get("subjectAltName", ()) if kind in _NAMES]


class ServingCertificate:
    """The pair of an API server with these ``arguments``, on the node ``node``.

    ``change`` keeps the way back, ``added`` the names that were or would be added, ``warnings`` why others were not.
    """

    def __init__(self, given: Sequence[str], node: str, kubectl: Kubectl, change: Change) -> None:
        self._given, self._node, self._kubectl, self._change = list(given), node, kubectl, change
        told = [arguments.value(given, f"tls-{name}-file") for name in ("cert", "private-key")]
        self.pair = Pair(told[0] or "", told[1] or "")
        self._folder = os.path.dirname(self.pair.certificate)
        self.held: list[str] = []
        self.added: list[str] = []
        self.warnings: list[str] = []

    def bring(self, wanted: Sequence[str], timeout: float, check: bool) -> None:
        """Sees to it that the certificate names all of ``wanted``. Raises OSError, NotUp, KubectlError, EditError."""
        if not all(self.pair):
            self.warnings = [
                f"{COMPONENT} has no --tls-cert-file and --tls-private-key-file, and makes its own certificate"
            ]
            return
        unfinished = self._change.pending()
        if unfinished and not check and not self._is_pair():
            self._change.write(unfinished)
        self.held = names(self.pair)
        self.added = lacking(wanted, self.held)
        problem = self._problem() if self.added else ""
        if problem:
            self.warnings = [f"{self.pair.certificate} does not name {', '.join(self.added)}, and {problem}"]
            self.added = []
        if check:
            return
        if self.added:
            self._renew(wanted, timeout)
        elif unfinished:
            self._confirm(unfinished, timeout)

    def diff(self) -> dict[str, str]:
        """In the shape of Ansible's diff mode."""
        before, after = ("".join(f"{name}\n" for name in each) for each in (self.held, [*self.held, *self.added]))
        header = f"{self.pair.certificate}, names"
        return {"before_header": header, "after_header": header, "before": before, "after": after}

    def _is_pair(self) -> bool:
        try:
            return bool(names(self.pair))
        except ssl.SSLError:
            return False

    def _problem(self) -> str:
        authority = os.path.join(self._folder, "ca.crt")
        try:
            names(self.pair, authority)
        except OSError:
            return f"{authority} did not sign it: have it made anew by who did"
        key = os.path.join(self._folder, "ca.key")
        return "" if os.path.exists(key) else f"there is no {key} to sign another one: have it made where that key is"

    def _renew(self, wanted: Sequence[str], timeout: float) -> None:
        with tempfile.TemporaryDirectory(prefix="dualstack-", dir="/run") as folder:
            for name in ("ca.crt", "ca.key"):
                os.symlink(os.path.join(self._folder, name), os.path.join(folder, name))
            config = os.path.join(folder, "kubeadm.yaml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(self._documents(folder, [*self.held, *wanted]))
            kubeadm.run(["init", "phase", "certs", "apiserver", f"--config={config}"])
            made = Pair(*(os.path.join(folder, f"apiserver.{end}") for end in ("crt", "key")))
            refused = lacking([*self.held, *wanted], names(made, os.path.join(folder, "ca.crt")))
            if refused:
                raise OSError(f"kubeadm puts no {', '.join(refused)} into a certificate; the one that is there stays")
            after = {mine: read(new) for mine, new in zip(self.pair, made)}
        before = {path: read(path) for path in self.pair}
        self._change.begin(before)
        self._change.write(after)
        self._confirm(before, timeout)

    def _documents(self, folder: str, wanted: Sequence[str]) -> str:
        held = kube_documents.get(self._kubectl, "kube-system", "kubeadm-config")["data"]["ClusterConfiguration"]
        own = {
            "apiVersion": yaml_text.parse(held)["apiVersion"],
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": arguments.value(self._given, "advertise-address")},
            "nodeRegistration": {"name": self._node, "criSocket": kubeadm.SOCKET},
        }
        cluster = kubeadm_config.edit(held, {"certificatesDir": folder}, {}, wanted)
        return f"{cluster.rstrip()}\n---\n{json.dumps(own)}\n"

    def _confirm(self, before: dict[str, str], timeout: float) -> None:
        """Waits until the API server shows the certificate; else the pair of before is written again."""
        wanted, end = ssl.PEM_cert_to_DER_cert(_first(read(self.pair.certificate))), time.monotonic() + timeout
        while self._shown() != wanted:
            if time.monotonic() > end:
                self._change.write(before)
                self._change.end()
                raise NotUp(f"after {timeout:.0f} s it does not show its new certificate. The pair of before is back.")
            time.sleep(_EVERY)
        self._change.end()

    def _shown(self) -> bytes | None:
        url = urllib.parse.urlsplit(kube_health.url(COMPONENT, self._given, {}))
        where = (str(url.hostname), int(url.port or 443))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            connection = socket.create_connection(where, kube_health.SECONDS)
            with connection, context.wrap_socket(connection) as server:
                return server.getpeercert(binary_form=True)
        except OSError:  # an API server that restarts
            return None


def _first(text: str) -> str:
    """The first certificate of a chain."""
    begin, end = (text.index(f"-----{word} CERTIFICATE-----") for word in ("BEGIN", "END"))
    return text[begin:end] + "-----END CERTIFICATE-----"
