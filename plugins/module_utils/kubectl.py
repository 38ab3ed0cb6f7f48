# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl as the modules call it: objects in and out, each step in one call. Objects never become arguments."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

Object = dict[str, Any]
ARGUMENTS: dict[str, Any] = {  # of every module that calls it
    "kubectl": {"type": "str", "default": "kubectl"},
    "kubeconfig": {"type": "path", "default": "/etc/kubernetes/admin.conf"},
}
_MANAGER = "baremetal.dualstack"  # of fields, in managedFields
_WEBHOOK = "failed calling webhook"


class KubectlError(Exception):
    """kubectl could not do it; the message is its own.

    ``webhook``: a webhook that should have judged an object did not answer.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.webhook = _WEBHOOK in message


class Kubectl:
    """One cluster, by the kubeconfig of somebody who may do what is asked."""

    def __init__(self, program: str, kubeconfig: str) -> None:
        self.kubeconfig = kubeconfig
        self._command = [program, f"--kubeconfig={kubeconfig}"]

    def run(self, *words: str, given: str | None = None) -> str:
        """What a call prints. Raises KubectlError."""
        try:
            done = subprocess.run([*self._command, *words], input=given, capture_output=True, text=True, check=False)
        except OSError as error:
            raise KubectlError(f"{self._command[0]} cannot be run: {error.strerror}") from None
        if done.returncode:
            raise KubectlError(_explained(done.stderr.strip() or f"kubectl {words[0]} ended with {done.returncode}"))
        return done.stdout

    def existing(self, objects: Sequence[Object]) -> list[Object]:
        """Those of the objects that are there, as they are. Their kinds must be known."""
        return self._with("get", objects, "--ignore-not-found")

    def knows(self, objects: Sequence[Object]) -> bool:
        """Whether the API server serves the kinds of all objects that definitions make (with a dot in their group)."""
        groups = {str(item["apiVersion"]).partition("/")[0] for item in objects if "/" in str(item["apiVersion"])}
        served = set(self.run("api-versions").split())
        return all(any(version.startswith(f"{group}/") for version in served) for group in groups)

    def labelled(self, kinds: Sequence[str], selector: str) -> list[Object]:
        """All objects of the kinds with a label, in every namespace."""
        return _items(self.run("get", ",".join(kinds), "--all-namespaces", f"--selector={selector}", "--output=json"))

    def apply(self, objects: Sequence[Object], *, dry: bool, force: bool = True) -> list[Object]:
        """Server-side apply; the objects as they are afterwards. Without ``force``, what others own is an error."""
        forced = ["--force-conflicts"] if force else []
        return self._with("apply", objects, "--server-side", f"--field-manager={_MANAGER}", *forced, *_dry(dry))

    def replace(self, objects: Sequence[Object], *, dry: bool) -> list[Object]:
        """Objects as a whole; as they are afterwards."""
        return self._with("replace", objects, f"--field-manager={_MANAGER}", *_dry(dry))

    def delete(self, objects: Sequence[Object]) -> None:
        """Objects that may be gone already."""
        if objects:
            self.run("delete", "--ignore-not-found", "--wait=false", "--filename=-", given=_list(objects))

    def _with(self, verb: str, objects: Sequence[Object], *words: str) -> list[Object]:
        if not objects:
            return []
        return _items(self.run(verb, "--filename=-", "--output=json", *words, given=_list(objects)))


def _dry(dry: bool) -> list[str]:
    return ["--dry-run=server"] if dry else []


def _list(objects: Sequence[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _items(text: str) -> list[Object]:
    """The objects of an answer: none, one, a List, or several one after the other."""
    decoder, place = json.JSONDecoder(), 0
    found: list[Object] = []
    text = text.strip()
    while place < len(text):
        item, place = decoder.raw_decode(text, place)
        found += item["items"] if item["kind"] == "List" else [item]
        while place < len(text) and text[place].isspace():
            place += 1
    return found


def _explained(message: str) -> str:
    if _WEBHOOK in message and "metallb" in message:
        return (
            f"{message}\nA webhook of MetalLB stands in the way, and MetalLB does not answer. Where it is to stay, "
            "see why: kubectl get pods --all-namespaces --selector=component=controller. Where it is gone, remove it: "
            "kubectl delete validatingwebhookconfiguration metallb-webhook-configuration"
        )
    return message
