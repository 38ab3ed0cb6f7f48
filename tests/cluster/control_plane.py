# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real control plane in seconds: etcd and kube-apiserver as bare processes, on loopback or in a network namespace.

Dual-stack Services, CRDs with their rules, RBAC, tokens, watches are the API server's own. Left out on purpose:
kube-controller-manager (no default ServiceAccounts, EndpointSlices or node CIDRs by themselves, the ClusterRoles view,
edit and admin are empty, and a namespace that is deleted stays ``Terminating``), the scheduler, kubelets. The admission
plugin ServiceAccount is off, so that Pods can be made without one. etcd does not sync its files (a killed process loses
nothing by that, a machine would).
"""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cluster import pki
from cluster.api import Api, ApiError
from cluster.building import programs
from cluster.daemons import Daemon, Port
from namespaces import within
from processes import until

SERVICE_CIDRS = ("10.96.0.0/16", "fd00:10:96::/112")
LOOPBACK = ("127.0.0.1", "::1")


class ControlPlane:
    """etcd and kube-apiserver with their data in ``folder``; ``start`` waits until they are ready.

    ``address`` is where clients reach the API server, by default loopback. In a ``namespace`` (its name) the API server
    listens on all addresses there, and clients stand in it or are routed to it; ``addresses`` are further ones that its
    certificate names. The first of the Service CIDRs is the default family of Services.
    """

    def __init__(
        self,
        folder: Path,
        *,
        namespace: str | None = None,
        address: str = "127.0.0.1",
        addresses: Iterable[str] = (),
        service_cidrs: Sequence[str] = SERVICE_CIDRS,
        arguments: Iterable[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        found = programs()
        self.folder = folder
        self.namespace = namespace
        self.host = address
        self._kubectl = found["kubectl"]
        self._ports = [Port(address) for _unused in range(3)] if namespace is None else []
        self.port, etcd, peer = [port.number for port in self._ports] or [6443, 2379, 2380]
        self.addresses = list(dict.fromkeys([address, *LOOPBACK, *addresses]))
        self.url = f"https://{f'[{address}]' if ':' in address else address}:{self.port}"
        self.pki = pki.Pki(folder / "pki")
        self.admin = self.kubeconfig("admin", ["system:masters"])
        self.etcd = Daemon([*self.prefix, str(found["etcd"]), *self._etcd(etcd, peer)], folder / "etcd.log")
        words = [*self._apiserver(etcd, service_cidrs), *arguments]
        self.apiserver = Daemon([*self.prefix, str(found["kube-apiserver"]), *words], folder / "apiserver.log")
        self.api = self.client()

    @property
    def prefix(self) -> list[str]:
        """The command that starts a program where the API server is reached."""
        return [] if self.namespace is None else ["ip", "netns", "exec", self.namespace]

    def _etcd(self, port: int, peer: int) -> list[str]:
        client, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
        return [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--socket-reuse-port",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _apiserver(self, etcd: int, service_cidrs: Sequence[str]) -> list[str]:
        certificate, private = self.pki.server(self.addresses)
        signing = self.folder / "pki" / "accounts.key"
        pki.write_key(signing)
        bind = self.host if self.namespace is None else "::"
        advertise = "::1" if ":" in service_cidrs[0] else "127.0.0.1"  # of the first CIDR's family
        return [
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            f"--bind-address={bind}",
            f"--secure-port={self.port}",
            "--permit-port-sharing",
            f"--advertise-address={advertise}",
            "--endpoint-reconciler-type=none",  # a loopback address can't be an endpoint of default/kubernetes
            f"--service-cluster-ip-range={','.join(service_cidrs)}",
            f"--client-ca-file={self.pki.ca}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={private}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={signing}",
            f"--service-account-signing-key-file={signing}",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged",
        ]

    def launch(self) -> None:
        """Starts what does not run, and does not wait."""
        for daemon in (self.etcd, self.apiserver):
            if not daemon.running:
                daemon.start()

    def start(self) -> None:
        """Starts what does not run, and waits until the API server says that it is ready."""
        self.launch()
        until(self.ready, "the API server is ready")

    def ready(self) -> bool:
        """Whether the API server answers /readyz; fails when a process has ended."""
        self.etcd.check()
        self.apiserver.check()
        try:
            self.api.get("/readyz")
        except (OSError, ApiError):
            return False
        return True

    def stop(self) -> None:
        """Ends both in an orderly way."""
        self.apiserver.end(signal.SIGTERM)
        self.etcd.end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends both at once; ``start`` goes on with the same data."""
        self.apiserver.end()
        self.etcd.end()

    def end(self) -> None:
        """Takes the processes and the ports away; the folder stays."""
        self.api.close()
        self.kill()
        for port in self._ports:
            port.free()

    def kubeconfig(self, user: str, groups: Iterable[str] = (), seconds: float = pki.DAY) -> Path:
        """A kubeconfig with a client certificate of any user; below 0 seconds it has expired.

        Made again for the same user it renews the certificate in the same files.
        """
        certificate, private = self.pki.client(user, groups, seconds)
        credentials = {"client-certificate": str(certificate), "client-key": str(private)}
        return pki.kubeconfig(certificate.with_suffix(".kubeconfig"), self.url, self.pki.ca, credentials)

    def token(self, namespace: str, account: str, seconds: int = 3600) -> str:
        """A token of a ServiceAccount, which must exist (TokenRequest; 600 seconds is the least)."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        answer: str = self.api.create(path, {**kind, "spec": {"expirationSeconds": seconds}})["status"]["token"]
        return answer

    def token_kubeconfig(self, name: str, token: Path) -> Path:
        """A kubeconfig that names a file with a token."""
        return pki.kubeconfig(self.folder / f"{name}.kubeconfig", self.url, self.pki.ca, {"tokenFile": str(token)})

    def client(self, user: str = "admin") -> Api:
        """A client with the certificate of a user that has a kubeconfig here; a connection of its own."""
        context = ssl.create_default_context(cafile=str(self.pki.ca))
        certificate = self.pki.folder / f"{pki.plain(user)}.crt"
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))

        def connect() -> socket.socket:
            there = (self.host, self.port)
            if self.namespace is None:
                return socket.create_connection(there, 60)
            return within(self.namespace, lambda: socket.create_connection(there, 60))

        return Api(self.host, self.port, context, connect)

    def kubectl_command(self, kubeconfig: Path | None = None) -> list[str]:
        """kubectl with its credentials, to be started wherever the API server is reached."""
        return [str(self._kubectl), f"--kubeconfig={kubeconfig or self.admin}"]

    def kubectl(self, *words: str, input: str | None = None, kubeconfig: Path | None = None) -> str:
        """What kubectl prints; fails with what it complains about."""
        done = self.try_kubectl(*words, input=input, kubeconfig=kubeconfig)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def try_kubectl(
        self, *words: str, input: str | None = None, kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same where it may fail."""
        command = [*self.prefix, *self.kubectl_command(kubeconfig), *words]
        environment = {"HOME": str(self.folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # its cache is ours as well
        return subprocess.run(command, input=input, capture_output=True, text=True, check=False, env=environment)

    def apply(self, *objects: Any) -> str:
        """Server-side apply of objects or lists of them."""
        flat = [one for some in objects for one in (some if isinstance(some, list) else [some])]
        words = ["apply", "--server-side", "--force-conflicts", "-f", "-"]
        return self.kubectl(*words, input=json.dumps({"apiVersion": "v1", "kind": "List", "items": flat}))

    def logs(self) -> str:
        """The last words of both processes, for a failed test."""
        return "\n".join(f"--- {daemon.log.name}\n{daemon.tail()}" for daemon in (self.etcd, self.apiserver))
