# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a fabric on the lab as an operator would: playbooks, commands on hosts, the evidence."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
# In the names of labs: of this checkout alone, so that the tests of two checkouts run beside each other; the same in
# every run, so that what an interrupted run left is cleared by the next one.
TOKEN = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
Changed = list[tuple[str, str]]


@dataclass(frozen=True)
class Run:
    """One run of a playbook: its return code, what changed where (task, host) in order, and the raw result."""

    code: int
    changed: Changed
    result: dict[str, Any]
    stderr: str

    def require(self) -> Run:
        """This run, which must have succeeded."""
        assert self.code == 0, f"{self.failures()}\n{self.stderr[-2000:]}"
        return self

    def failures(self) -> list[str]:
        """What failed where, with its message."""
        return [
            f"{task['task']['name']} on {host}: {said.get('msg')}"
            for play in self.result.get("plays", [])
            for task in play["tasks"]
            for host, outcome in task["hosts"].items()
            if outcome.get("failed") or outcome.get("unreachable")
            for said in (outcome, *(each for each in outcome.get("results", ()) if each.get("failed")))
        ]


class Fabric:
    """A lab named ``name`` made from the intent ``inventory`` (a file); everything else is kept in ``folder``.

    ``proven``: the evidence of when it was made, where that is kept.
    """

    proven: dict[str, Any]

    def __init__(self, name: str, inventory: Path, folder: Path) -> None:
        self.name = name
        self.inventory = inventory
        self.folder = folder
        self.artifacts = folder / "artifacts"
        self.secrets = folder / "secrets.yml"
        self.secrets.touch(mode=0o600)
        self.set_secrets({"bgp-auth": secrets.token_hex(16)})

    def set_secrets(self, values: dict[str, str]) -> None:
        """What the next runs are given as ``dualstack_secrets``."""
        self.secrets.write_text(yaml.safe_dump({"dualstack_secrets": values}), encoding="utf-8")

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return str(yaml.safe_load(self.secrets.read_text(encoding="utf-8"))["dualstack_secrets"][name])

    def lab(self, verb: str, *arguments: str) -> str:
        """One verb of the lab tool on this lab; its standard output."""
        command = [sys.executable, str(ROOT / "molecule" / "lab"), verb, self.name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"lab {verb}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def on(self, host: str, *command: str) -> str:
        """The output of a command on a host; it must succeed."""
        return self.lab("exec", host, "--", *command)

    @property
    def plan_file(self) -> Path:
        """Where the plan is kept."""
        data = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))
        return self.artifacts / data["all"]["vars"]["dualstack"]["cluster"]["name"] / "plan.yml"

    def plan(self) -> dict[str, Any]:
        """The plan as last made."""
        return yaml.safe_load(self.plan_file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    def playbook(self, name: str, *arguments: str, hosts: bool = True) -> Run:
        """Run ``playbooks/<name>.yml``; ``hosts``: with the lab's connections."""
        inventories = ["-i", str(self.inventory)]
        if hosts:
            inventories += ["-i", self.lab("inventory").strip()]
        extra = ["-e", f"@{self.secrets}", "-e", f"dualstack_artifacts={self.artifacts}"]
        command = [str(PLAYBOOK), *inventories, *extra, *arguments, str(ROOT / "playbooks" / f"{name}.yml")]
        environment = {
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_FORCE_COLOR": "0",
        }
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=self.folder)
        begin = done.stdout.find("{\n")
        assert begin >= 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        result = json.loads(done.stdout[begin:])
        return Run(done.returncode, _changed(result), result, done.stderr)

    def evidence(self, *words: str, by: str = "validate") -> dict[str, Any]:
        """Gather and judge, whatever comes out; ``words`` are the playbook's."""
        kept = self.plan_file.with_name("evidence.json")
        kept.unlink(missing_ok=True)
        run = self.playbook(by, *words)
        assert kept.exists(), f"{run.failures()}\n{run.stderr[-2000:]}"
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        green = found["summary"]["green"] == found["summary"]["total"]
        assert (run.code == 0) == green, f"exit status {run.code} with {found['summary']}: {run.failures()}"
        return found

    def settle(self, *words: str, within: float = 240.0) -> dict[str, Any]:
        """The evidence, gathered until all of it is green; it must be so ``within`` seconds, or at the third look."""
        ends = time.monotonic() + within
        looks = 0
        while True:
            found = self.evidence(*words)
            if found["summary"]["green"] == found["summary"]["total"]:
                return found
            looks += 1
            assert looks < 3 or time.monotonic() < ends, f"not all green after {looks} looks: {complaints(found)}"
            time.sleep(2)


def _changed(result: dict[str, Any]) -> Changed:
    return [
        (task["task"]["name"], host)
        for play in result["plays"]
        for task in play["tasks"]
        for host, outcome in sorted(task["hosts"].items())
        if outcome.get("changed")
    ]


def complaints(evidence: dict[str, Any]) -> list[str]:
    """What the evidence says of all that is red."""
    links = [
        f"{vip['service']} {vip['vip']}, {vip['mode']}, {link['link']}: {link['reason']}"
        for vip in evidence["vips"]
        for link in vip["links"]
        if link["state"] == "red"
    ]
    return links + [
        f"{row['id']} {row['node']} {row['family']}: {row['seen']}" for row in evidence["rows"] if row["state"] == "red"
    ]


def breaks(evidence: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """(mode, family) -> the links that are red there."""
    found: dict[tuple[str, str], set[str]] = {}
    for vip in evidence["vips"]:
        for link in vip["links"]:
            if link["state"] == "red":
                found.setdefault((vip["mode"], vip["family"]), set()).add(link["link"])
    return found
