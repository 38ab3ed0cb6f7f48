# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node says of itself, for the evidence of its cluster: settings, routes, processes, kube-proxy. Only reads."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .dualstack.components import proxy_entries, telling
from .dualstack.components.editing import arguments, yaml_text

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy")
SYSCTLS = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.default.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
)
FAMILIES = {"ipv4": ("-4", "ip"), "ipv6": ("-6", "ip6")}
PROXY_MODES = ("http://127.0.0.1:10249/proxyMode", "http://[::1]:10249/proxyMode")  # by the node's primary family
SECONDS = 10.0


class Rules(NamedTuple):
    """What kube-proxy's rules of a family are in, empty where there are none, and the ports of Services in them."""

    place: str = ""
    ports: frozenset[str] = frozenset()


class NodeView:
    """One look at a host. ``root`` is where /proc is, for tests."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc

    def look(self) -> dict[str, Any]:
        """``{"sysctls", "disabled", "routes", "accept_ra", "processes", "resolvers", "proxy"}``."""
        routes = {family: self._default_routes(words[0]) for family, words in FAMILIES.items()}
        devices = sorted({route["dev"] for found in routes.values() for route in found if route.get("dev")})
        processes = self._processes()
        return {
            "sysctls": {name: value for name in SYSCTLS for value in [self._sysctl(name)] if value is not None},
            "disabled": self._each(devices, "disable_ipv6"),
            "routes": routes,
            "accept_ra": self._each(devices, "accept_ra"),
            "processes": {name: telling.told(words) for name, (_pid, words) in processes.items()},
            "resolvers": resolvers(processes["kubelet"][1]) if "kubelet" in processes else None,
            "proxy": self._proxy(processes.get("kube-proxy", (0, []))[0]),
        }

    def _sysctl(self, name: str) -> str | None:
        return self._read(f"sys/{name.replace('.', '/')}")

    def _each(self, devices: list[str], setting: str) -> dict[str, str]:
        found = {device: self._read(f"sys/net/ipv6/conf/{device}/{setting}") for device in devices}
        return {device: value for device, value in found.items() if value is not None}

    def _read(self, path: str) -> str | None:
        try:
            with open(os.path.join(self._proc, path), encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return None

    def _default_routes(self, family: str) -> list[dict[str, Any]]:
        text, _unused = _run(["ip", "-json", family, "route", "show", "default"])
        kept = ("dev", "gateway", "protocol", "expires", "metric")
        return [{key: route[key] for key in kept if key in route} for route in _spread(json.loads(text or "[]"))]

    def _processes(self) -> dict[str, tuple[int, list[str]]]:
        """Component → (pid, arguments) of those that run here; of several the last."""
        found: dict[str, tuple[int, list[str]]] = {}
        for pid in sorted(int(name) for name in os.listdir(self._proc) if name.isdigit()):
            words = (self._read(f"{pid}/cmdline") or "").rstrip("\0").split("\0")
            name = os.path.basename(words[0])
            if name in COMPONENTS:
                found[name] = (pid, words[1:])
        return found

    def _proxy(self, pid: int) -> dict[str, Any]:
        found: dict[str, Any] = {"runs": pid != 0, "tables": {}, "tables_error": "", "ports": {}}
        found["mode"], found["error"] = proxy_mode()
        found["protocols"] = os.path.exists(os.path.join(self._proc, f"{pid}/root/etc/protocols")) if pid else None
        for family, (_unused, name) in FAMILIES.items():
            rules, problem = _rules(name, pid, found["mode"])
            found["tables"][family] = None if rules is None else rules.place
            found["ports"][family] = None if rules is None else proxy_entries.told(rules.ports)
            found["tables_error"] = found["tables_error"] or problem
        return found


def proxy_mode() -> tuple[str, str]:
    """(what kube-proxy says, why it says nothing). It listens on the loopback address of one family."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    problems = []
    for url in PROXY_MODES:
        try:
            with opener.open(url, timeout=SECONDS) as answer:
                return answer.read(100).decode("ascii", "replace").strip(), ""
        except (OSError, ValueError) as error:
            problems.append(f"{url}: {getattr(error, 'reason', error)}")
    return "", "; ".join(problems)


def resolvers(words: Sequence[str]) -> list[str] | None:
    """The addresses that a kubelet of these arguments gives pods for the cluster's DNS; None where it can't be read.

    Source: kubelet: flags hold against the file of --config, and files of --config-dir against that, a list as a whole.
    """
    stated = telling.told(words).get(telling.DNS)
    if stated is not None:
        return _addresses(stated.split(","))
    found: list[str] = []
    try:
        for path in _configurations(words):
            with open(path, encoding="utf-8") as file:
                held = yaml_text.parse(file.read())
            given = held.get("clusterDNS", []) if isinstance(held, Mapping) else held
            if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
                return None
            found = _addresses(given) or found
    except (OSError, ValueError):
        return None
    return found


def _configurations(words: Sequence[str]) -> list[str]:
    """The files of a kubelet's configuration, the last one holds. Raises OSError."""
    first, folder = arguments.value(words, "config"), arguments.value(words, "config-dir")
    more = [os.path.join(root, name) for root, _folders, names in os.walk(folder or "") for name in names]
    return [*([first] if first else []), *sorted(path for path in more if path.endswith(".conf"))]


def _addresses(given: Iterable[Any]) -> list[str]:
    return [str(one).strip() for one in given if str(one).strip()]


def _rules(family: str, pid: int, mode: str) -> tuple[Rules | None, str]:
    """kube-proxy's rules of a family, None where nobody can list them, and why.

    The programs of the host are asked first, then those beside kube-proxy in its container: an nft that is older than
    the one that wrote a table may die of reading it (kubernetes/kubernetes#136786).
    """
    looks = {"nftables": (_nft,), "": (_nft, _iptables)}.get(mode, (_iptables,))  # one that does not answer: either
    answers, problems = [], []
    for look in looks:
        for before in ([], ["nsenter", f"--target={pid}", "--mount"])[: 2 if pid else 1]:
            found, problem = look(before, family)
            if not problem:
                answers.append(found)
                break
            problems.append(problem)
    there = [found for found in answers if found.place]
    if len(answers) < len(looks) and not there:
        return None, "; ".join(dict.fromkeys(problems))
    return Rules(there[0].place if there else "", frozenset().union(*(found.ports for found in there))), ""


def _nft(before: list[str], family: str) -> tuple[Rules, str]:
    text, problem = _run([*before, "nft", "--json", "list", "tables"])
    if (family, proxy_entries.TABLE) not in {(one["family"], one["name"]) for one in _tables(text)}:
        return Rules(), problem
    ports: set[str] = set()
    for name in proxy_entries.MAPS:
        text, problem = _run([*before, "nft", "--json", "list", "map", family, proxy_entries.TABLE, name])
        if problem:
            return Rules(), problem
        ports |= proxy_entries.of_nftables(text)
    return Rules(f"table {family} {proxy_entries.TABLE}", frozenset(ports)), ""


def _iptables(before: list[str], family: str) -> tuple[Rules, str]:
    program, chain = f"{family}tables-save", proxy_entries.CHAIN
    nat, problem = _run([*before, program, "-t", "nat"])
    if f":{chain} " not in nat:
        return Rules(), problem
    refused, problem = _run([*before, program, "-t", "filter"])
    return Rules(f"chain {chain} of {program}", frozenset(proxy_entries.of_iptables(nat + refused))), problem


def _tables(text: str) -> Iterator[dict[str, Any]]:
    for one in json.loads(text or "{}").get("nftables") or ():
        if "table" in one:
            yield one["table"]


def _spread(routes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A route of several next hops as one route each."""
    for route in routes:
        hops: list[dict[str, Any]] = route.get("nexthops") or [{}]
        for hop in hops:
            yield {**route, **hop}


def _run(words: list[str]) -> tuple[str, str]:
    """(output, what went wrong) of a program."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    if done.returncode:
        return "", " ".join(done.stderr.split()) or f"{words[-1]} ended with {done.returncode}"
    return done.stdout, ""
