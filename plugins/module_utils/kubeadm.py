# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm on one host: what the host is, init, join and reset; secrets in files of root alone, and in no message.

kubeadm's preflight runs on its own, before the mark of an unfinished run is made: what it objects to is not ours, and
must never be cleaned away by the next run.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from .kube_host import environment, find
from .kube_member import FOLDER, KUBELET_CONF, MARK

ADMIN = f"{FOLDER}/admin.conf"
SOCKET = "unix:///run/containerd/containerd.sock"
_SECRET = re.compile(r"\b([a-z0-9]{6}\.[a-z0-9]{16}|[0-9a-f]{64})\b")
_COMMAND = re.compile(r"kubeadm join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)")
_SHOWN = 25  # lines of a failure


class KubeadmError(Exception):
    """kubeadm could not do it; the message is its own, without secrets."""


def init(documents: Sequence[Mapping[str, Any]], ignored: Sequence[str], minutes: int) -> None:
    """Make a cluster. The bootstrap token that kubeadm insists on lives for ``minutes``. Raises KubeadmError."""
    token = f"{secrets.token_hex(3)}.{secrets.token_hex(8)}"
    given = [
        {**each, "bootstrapTokens": [{"token": token, "ttl": f"{minutes}m0s"}]}
        if each["kind"] == "InitConfiguration"
        else each
        for each in documents
    ]
    _with_documents(["init"], given, ignored)


def join(documents: Sequence[Mapping[str, Any]], ticket: Mapping[str, str], ignored: Sequence[str]) -> None:
    """Join a cluster with what ``ticket`` said there. Raises KubeadmError."""
    discovery = {
        "bootstrapToken": {
            "apiServerEndpoint": ticket["endpoint"],
            "token": ticket["token"],
            "caCertHashes": [ticket["ca_hash"]],
        }
    }
    given = []
    for each in documents:
        document = dict(each)
        if each["kind"] == "JoinConfiguration":
            document["discovery"] = discovery
            if "controlPlane" in each:
                document["controlPlane"] = {**(each["controlPlane"] or {}), "certificateKey": ticket["certificate_key"]}
        given.append(document)
    _with_documents(["join"], given, ignored)


def ticket(minutes: int, certificates: bool) -> dict[str, str]:
    """What joins need: endpoint, token, hash of the authority, and, for control planes, the key of the certificates
    that are put into the cluster for two hours. On a control plane. Raises KubeadmError."""
    words = ["token", "create", f"--ttl={minutes}m", "--print-join-command", f"--kubeconfig={ADMIN}"]
    found = _COMMAND.search(run(words).replace("\\\n", " "))
    if not found:
        raise KubeadmError("kubeadm token create printed no join command")
    key = ""
    if certificates:
        words = ["init", "phase", "upload-certs", "--upload-certs", f"--kubeconfig={ADMIN}"]
        key = (run(words).strip().splitlines() or [""])[-1].strip()
        if not re.fullmatch("[0-9a-f]{64}", key):
            raise KubeadmError("kubeadm init phase upload-certs printed no key")
    return {"endpoint": found[1], "token": found[2], "ca_hash": found[3], "certificate_key": key}


def reset(whole: bool = False) -> list[str]:
    """Take what init or join did away again; the mark last. What could not be done. Raises KubeadmError.

    ``whole``: the cluster ends on all its hosts, so nobody is left whom etcd could tell that a member goes.
    """
    _mark("reset")
    words = ["reset", "--force", f"--cri-socket={SOCKET}"]
    run([*words, "--skip-phases=remove-etcd-member"] if whole else words)
    if whole:
        shutil.rmtree("/var/lib/etcd/member", ignore_errors=True)
    shutil.rmtree(f"{FOLDER}/tmp", ignore_errors=True)  # copies that kubeadm kept, of etcd's data too
    problems = forget_services()
    for path in (KUBELET_CONF, f"{FOLDER}/bootstrap-kubelet.conf", MARK):
        if os.path.exists(path):
            os.unlink(path)
    for folder, _folders, _files in os.walk(FOLDER, topdown=False):
        with suppress(OSError):  # somebody's own files stay
            os.rmdir(folder)
    return problems


def forget_services() -> list[str]:
    """Take the rules of kube-proxy and the kubelet away, which ``kubeadm reset`` leaves; what could not be done."""
    problems = []
    for family in ("ip", "ip6"):
        done = _try(["nft", "delete", "table", family, "kube-proxy"])
        if done.returncode and "No such file" not in done.stderr and find("nft"):
            problems.append(f"nft could not delete the table {family} kube-proxy; a reboot does")
    for program in ("iptables", "ip6tables"):
        rules = _try([f"{program}-save"]).stdout
        kept = "".join(line for line in rules.splitlines(keepends=True) if "KUBE-" not in line)
        if kept != rules and _try([f"{program}-restore"], kept).returncode:
            problems.append(f"{program}-restore could not take the chains of Kubernetes away; a reboot does")
    return problems


def _try(command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=environment())
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def ready(kubectl: str, seconds: float) -> bool:
    """Whether the API server of this host's cluster answers within that time."""
    limit = time.monotonic() + seconds
    while True:
        words = [kubectl, f"--kubeconfig={ADMIN}", "get", "--raw=/readyz", "--request-timeout=5s"]
        if subprocess.run(words, capture_output=True, check=False, env=environment()).returncode == 0:
            return True
        if time.monotonic() > limit:
            return False
        time.sleep(1)


def run(words: Sequence[str]) -> str:
    """What kubeadm prints. Raises KubeadmError, which is without secrets."""
    program = find("kubeadm")
    if not program:
        raise KubeadmError("kubeadm is missing: the role kube_packages brings it")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        shown = [line for line in lines if not line.startswith("[certs]")][-_SHOWN:]
        told = _SECRET.sub("********", "\n".join(shown))
        raise KubeadmError(f"kubeadm {' '.join(word for word in words[:3] if not word.startswith('-'))}: {told}")
    return done.stdout


def _with_documents(words: list[str], documents: Sequence[Mapping[str, Any]], ignored: Sequence[str]) -> None:
    errors = [f"--ignore-preflight-errors={','.join(ignored)}"] if ignored else []
    with _file(documents) as path:
        run([*words, "phase", "preflight", f"--config={path}", *errors])
        _mark(words[0])
        run([*words, f"--config={path}", "--skip-phases=preflight"])
    os.unlink(MARK)


def _mark(step: str) -> None:
    """From here on the host is neither bare nor a member, as long as the mark is there."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(MARK, "w", encoding="utf-8") as file:
        file.write(f"kubeadm {step} runs, or was cut\n")


@contextmanager
def _file(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The documents in a file of root alone, each as JSON, which is YAML."""
    handle, path = tempfile.mkstemp(prefix="dualstack-kubeadm-", suffix=".yaml", dir="/run")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("---\n".join(json.dumps(each) + "\n" for each in documents))
        yield path
    finally:
        os.unlink(path)
