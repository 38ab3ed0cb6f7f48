# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of a host as the pod network needs it: read and changed by iproute2, and by nft or iptables."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .dualstack.components.pods import found as reading
from .dualstack.components.pods import iptables, masquerade, state
from .dualstack.components.pods.bridge import BRIDGE, DEVICE, LEAST_MTU
from .dualstack.components.pods.state import PROTOCOL, Commands

Rules = dict[str, list[str]]
TRUSTED_NFT = (1, 1)
ATTEMPTS = 3  # a change can take something along, which the next look shows


class Differences(NamedTuple):
    """What has to be run, and what there is."""

    commands: Commands
    state: dict[str, list[str]]
    rules: Rules
    wanted_rules: Rules

    @property
    def any(self) -> bool:
        """Whether anything has to be done."""
        return self.rules != self.wanted_rules or any(self.commands)


class PodHostError(Exception):
    """The kernel could not be read or changed; the message says by which command, and why."""


class PodHost:
    """The network namespace that ``prefix`` leads to, as words before each command; by default that of the process."""

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self._prefix = list(prefix)
        self._by_nft: bool | None = None

    def pod_mtu(self, network: Mapping[str, Any]) -> int:
        """The MTU of pods in bytes: the plan's, else that of the interface with the node's address, less overhead."""
        links = self._json("ip", "-json", "address", "show")
        device = next((link for link in links if _has(link, network["underlay"])), None)
        if device is None:
            raise PodHostError(f"no interface of this host has {network['underlay']}, the node's address by the plan")
        most = int(device["mtu"]) - int(network["overhead"])
        mtu = int(network["mtu"] or most)
        if mtu > most:
            raise PodHostError(
                f"pods can't have the MTU {mtu} of the plan: {device['ifname']} has {device['mtu']}, "
                f"and VXLAN takes {network['overhead']}. State {most} or less, or raise that of the interface"
            )
        if mtu < LEAST_MTU:
            raise PodHostError(
                f"pods would have an MTU of {mtu}, and IPv6 needs {LEAST_MTU}: raise that of {device['ifname']}, "
                f"which is {device['mtu']}"
            )
        return mtu

    def state(self) -> dict[str, list[str]]:
        """What is there, in the lines of ``components.pods.state``."""
        there = self._links(DEVICE)
        routes = [
            route
            for family in ("-4", "-6")
            for route in self._json("ip", "-json", family, "route", "show", "proto", str(PROTOCOL))
        ]
        if not there:
            return reading.found([], routes, [], [])
        neighbours = [
            each
            for family in ("-4", "-6")
            for each in self._json("ip", "-json", family, "neighbour", "show", "nud", "permanent", "dev", DEVICE)
        ]
        return reading.found(there, routes, neighbours, self._json("bridge", "-json", "fdb", "show", "dev", DEVICE))

    def differences(self, network: Mapping[str, Any], mtu: int) -> Differences:
        """What has to be done, and what there is."""
        have, rules = self.state(), self.rules()
        commands = state.commands(state.desired(network, mtu), have)
        commands.ip[:0] = reading.stale_gateways(self._links(BRIDGE), network["cidrs"].values())
        return Differences(commands, have, rules, self.wanted_rules(network))

    def bring(self, network: Mapping[str, Any], mtu: int) -> None:
        """Makes the kernel what it should be, and looks whether it is. Raises PodHostError when it is not."""
        for _unused in range(ATTEMPTS):
            found = self.differences(network, mtu)
            if not found.any:
                return
            if found.rules != found.wanted_rules:
                self._set_rules(network, found.rules)
            self.change(found.commands)
        left = [line for lines in self.differences(network, mtu).commands for line in lines]
        raise PodHostError(
            f"somebody else changes the pod network: still to be done are {'; '.join(left) or 'the rules'}"
        )

    @property
    def nft(self) -> bool:
        """Whether rules are made by nft: it is new enough to look at what others have made, or there is no iptables."""
        if self._by_nft is None:
            found = re.search(r"v(\d+)\.(\d+)", self._run(["nft", "--version"]).stdout)
            old = found is None or (int(found[1]), int(found[2])) < TRUSTED_NFT
            self._by_nft = not (old and self._there("iptables") and self._there("ip6tables"))
        return self._by_nft

    def wanted_rules(self, network: Mapping[str, Any]) -> Rules:
        """What ``rules`` gives once all is as it should be."""
        return masquerade.expected(network) if self.nft else iptables.expected(network)

    def rules(self) -> Rules:
        """The rules that are ours, by set and chain of nft or by family of iptables; empty when there are none."""
        if not self.nft:
            found = {family: self._iptables(program) for family, program in iptables.PROGRAMS.items()}
            return {family: rules for family, rules in found.items() if rules}
        words = ["nft", "--json", "list", "table", "inet", masquerade.TABLE]
        done = self._run(words)
        if done.returncode:
            if "No such file or directory" in done.stderr:
                return {}
            raise PodHostError(_failed(words, done))
        return masquerade.found(json.loads(done.stdout)["nftables"])

    def remove_rules(self) -> None:
        """Takes our rules away."""
        for family in self.rules() if not self.nft else []:
            program = iptables.PROGRAMS[family]
            while self._run([program, "-w", "-t", "nat", "-D", *iptables.JUMP.split()[1:]]).returncode == 0:
                pass
            for step in ("-F", "-X"):
                self._run([program, "-w", "-t", "nat", step, iptables.CHAIN])
        if self.nft and self.rules():
            self._must(["nft", "delete", "table", "inet", masquerade.TABLE])

    def _set_rules(self, network: Mapping[str, Any], have: Rules) -> None:
        if self.nft:
            self._must(["nft", "--file", "-"], masquerade.rules(network))
            return
        for family, wanted in iptables.expected(network).items():
            program, rules = iptables.PROGRAMS[family], have.get(family, [])
            if rules != wanted:
                self._must([f"{program}-restore", "--wait", "--noflush"], iptables.restored(network, family))
                if iptables.JUMP not in rules:
                    self._must([program, "-w", "-t", "nat", *iptables.JUMP.split()])

    def _iptables(self, program: str) -> list[str]:
        chain, postrouting = (
            self._run([program, "-w", "-t", "nat", "-S", name]).stdout for name in (iptables.CHAIN, "POSTROUTING")
        )
        return iptables.found(chain, postrouting)

    def _there(self, program: str) -> bool:
        try:
            return self._run([program, "--version"]).returncode == 0
        except PodHostError:
            return False

    def change(self, commands: Commands) -> None:
        """Runs the lines, in order."""
        for tool, lines in (("ip", commands.device), ("ip", commands.ip), ("bridge", commands.bridge)):
            if lines:
                self._must([tool, "-batch", "-"], "".join(f"{line}\n" for line in lines))

    def remove_bridge(self) -> bool:
        """Takes the pods' bridge away; whether it was there."""
        there = bool(self._links(BRIDGE))
        if there:
            self._must(["ip", "link", "del", "dev", BRIDGE])
        return there

    def has_bridge(self) -> bool:
        """Whether the pods' bridge is there."""
        return bool(self._links(BRIDGE))

    def _links(self, device: str) -> list[dict[str, Any]]:
        done = self._run(["ip", "-json", "-details", "address", "show", "dev", device])
        if done.returncode:
            if "does not exist" in done.stderr:
                return []
            raise PodHostError(_failed(["ip", "address", "show"], done))
        return [link for link in json.loads(done.stdout or "[]") if link]

    def _json(self, *words: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = json.loads(self._must(words) or "[]")
        return answer

    def _must(self, words: Sequence[str], given: str | None = None) -> str:
        done = self._run(words, given)
        if done.returncode:
            raise PodHostError(_failed(words, done, given))
        return done.stdout

    def _run(self, words: Sequence[str], given: str | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [*self._prefix, *words], input=given, capture_output=True, text=True, check=False, errors="replace"
            )
        except FileNotFoundError:
            raise PodHostError(f"this host has no program {words[0]}: install it") from None


def _has(link: Mapping[str, Any], address: str) -> bool:
    return any(has.get("local") == address for has in link.get("addr_info", ()))


def _failed(words: Sequence[str], done: subprocess.CompletedProcess[str], given: str | None = None) -> str:
    """What a command complains about, with the line of a batch that it stopped at."""
    said = done.stderr.strip() or f"it ended with {done.returncode}"
    lines = (given or "").splitlines()
    number = said.rpartition("-:")[2] if "Command failed -:" in said else ""
    at = f" at `{lines[int(number) - 1]}`" if number.isdigit() and 0 < int(number) <= len(lines) else ""
    return f"{' '.join(words)}{at}: {said}"
