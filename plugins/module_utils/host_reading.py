# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of itself, quickly and without changing anything: the facts that ``components.hosts`` judges.

What can't be read is left out or empty; whether that matters is not decided here.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Callable

PROGRAMS = ("nft", "iptables", "ip6tables", "ip", "bridge", "mount", "losetup", "conntrack", "containerd")
ASKED = {"nft": ("nft", "--version"), "containerd": ("containerd", "--version")}
PORTS = frozenset({2379, 2380, 4789, 6443, 10250, 10256, 10257, 10259})
PER_LINK = (
    "net/ipv6/conf/{}/accept_ra",
    "net/ipv6/conf/{}/forwarding",
    "net/ipv6/conf/{}/disable_ipv6",
    "net/ipv4/conf/{}/rp_filter",
)
SETTINGS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/arp_ignore",
    "net/ipv4/conf/all/arp_announce",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    *(f"net/{family}/neigh/default/gc_thresh{number}" for family in ("ipv4", "ipv6") for number in (1, 2, 3)),
)
# Features by which a module shows that it works, wherever it came from.
SHOWN = {
    "br_netfilter": "/proc/sys/net/bridge",
    "nf_conntrack": "/proc/sys/net/netfilter/nf_conntrack_max",
}
_LISTEN = "0A"  # of /proc/net/tcp
_BOUND = "07"  # of /proc/net/udp
KUBELET = "/etc/kubernetes/kubelet.conf"
STORES = ("/var/lib/kubelet", "/var/lib/containerd")
ANSWERS = 10.0  # seconds: resolv.conf(5) asks a second server after five


def run(*words: str) -> str:
    """What a program prints; nothing when it is not there or fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, errors="replace")
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def read(path: str) -> str:
    """The text of a small file without blanks around; nothing when it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def network_facts() -> dict[str, Any]:
    """``links``, ``default_routes``, ``sysctls``, ``read_only``, ``ipv6``: what settings are worked out from."""
    links = _links()
    keys = [*SETTINGS, *(key.format(name) for name in ("all", "default", *links) for key in PER_LINK)]
    sysctls = {key: read(f"/proc/sys/{key}") for key in keys if os.path.exists(f"/proc/sys/{key}")}
    return {
        "links": links,
        "default_routes": {"ipv4": list(_routes("-4")), "ipv6": list(_routes("-6"))},
        "sysctls": sysctls,
        "read_only": [key for key in sysctls if not os.access(f"/proc/sys/{key}", os.W_OK)],
        "ipv6": os.path.exists("/proc/net/if_inet6"),
    }


def module_states(names: Iterable[str]) -> dict[str, str]:
    """Each module: ``loaded``, ``there`` (built in, or its feature shows), ``available``, ``missing``, or ``unknown``.

    Without /proc/modules the kernel loads none: then nobody can tell what is built in and not listed.
    """
    release = os.uname().release
    folder = f"/lib/modules/{release}"
    built_in = {_module(line) for line in read(f"{folder}/modules.builtin").splitlines()}
    available = {_module(line.partition(":")[0]) for line in read(f"{folder}/modules.dep").splitlines()}
    filesystems = set(read("/proc/filesystems").split())
    loads = os.path.exists("/proc/modules")
    states = {}
    for name in names:
        shown = os.path.exists(SHOWN.get(name, "/nowhere")) or name in filesystems
        there = shown or name in built_in or os.path.isdir(f"/sys/module/{name}")
        if there or name in available:
            states[name] = "available" if not there else "loaded" if name in available else "there"
        else:
            states[name] = "missing" if loads and available else "unknown"
    return states


def system_facts(module_names: Iterable[str]) -> dict[str, Any]:
    """The rest: kernel, identity, programs, ports, firewalls."""
    return {
        "hostname": socket.gethostname(),
        "kernel": os.uname().release,
        "machine_id": read("/etc/machine-id"),
        "product_uuid": read("/sys/class/dmi/id/product_uuid"),
        "modules": module_states(module_names),
        "swap": [line.split()[0] for line in read("/proc/swaps").splitlines()[1:]],
        "cgroup": 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1,
        "programs": _programs(),
        "protocols": os.path.exists("/etc/protocols"),
        "free": {path: _free(path) for path in STORES},
        "listening": {"tcp": _listening("tcp", _LISTEN), "udp": _listening("udp", _BOUND)},
        "member": os.path.exists(KUBELET),
        "firewall": {"icmpv6": _without_icmpv6(), "rpfilter": _rpfilter()},
    }


def resolving(name: str) -> Callable[[], dict[str, Any]]:
    """Begins to look a name up, beside everything else; what is returned waits for the ``addresses`` or a ``problem``.

    The thread can't be ended; a module does not wait for it.
    """
    answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    until = time.monotonic() + ANSWERS
    threading.Thread(target=lambda: answers.put(_resolved(name)), daemon=True).start()

    def wait() -> dict[str, Any]:
        try:
            return answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return {"addresses": [], "problem": f"no answer within {ANSWERS:g} s"}

    return wait


def _resolved(name: str) -> dict[str, Any]:
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return {"addresses": [], "problem": getattr(error, "strerror", None) or str(error)}
    return {"addresses": list(dict.fromkeys(str(answer[4][0]) for answer in answers)), "problem": ""}


def _free(path: str) -> float:
    """Per cent of the file system of a folder that are free, or of the folder in which it will be made."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    found = os.statvfs(path)
    return round(100 * found.f_bavail / (found.f_blocks or 1), 1)


def _links() -> dict[str, dict[str, Any]]:
    found = {}
    for link in json.loads(run("ip", "-json", "address", "show") or "[]"):
        if "ifname" in link:
            found[link["ifname"]] = {
                "mtu": link["mtu"],
                "up": "UP" in link["flags"],
                "addresses": [_address(has) for has in link.get("addr_info", ()) if has.get("local")],
            }
    return found


def _address(has: Mapping[str, Any]) -> dict[str, Any]:
    state = next((word for word in ("dadfailed", "tentative", "deprecated") if has.get(word)), "")
    return {
        "address": has["local"],
        "length": has["prefixlen"],
        "state": state,
        "dynamic": bool(has.get("dynamic")),
    }


def _routes(family: str) -> Iterable[dict[str, Any]]:
    for route in json.loads(run("ip", "-json", family, "route", "show", "default") or "[]"):
        for hop in route.get("nexthops") or [route]:
            yield {
                "via": hop.get("gateway") or hop.get("via", {}).get("host", ""),
                "device": hop.get("dev", ""),
                "protocol": route.get("protocol", ""),
                "expires": route.get("expires"),
            }


def _module(path: str) -> str:
    """``kernel/net/bridge/br_netfilter.ko.xz`` is br_netfilter."""
    return os.path.basename(path.strip()).partition(".ko")[0].replace("-", "_")


def _programs() -> dict[str, str]:
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"
    found = {}
    for name in PROGRAMS:
        place = shutil.which(name, path=path)
        if place:
            words = ASKED.get(name)
            version = re.search(r"\bv?(\d+(\.\d+)+)", run(place, *words[1:])) if words else None
            found[name] = version[1] if version else ""
    return found


def _listening(protocol: str, state: str) -> dict[str, str]:
    """Port to the name of its program, of ports that matter."""
    inodes: dict[str, str] = {}
    for table in (protocol, f"{protocol}6"):
        for line in read(f"/proc/net/{table}").splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if fields[3] == state and port in PORTS:
                inodes[fields[9]] = str(port)
    owners = _owners(inodes) if inodes else {}
    return {port: owners.get(inode, "") for inode, port in inodes.items()}


def _owners(inodes: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for descriptor in os.scandir(f"/proc/{pid}/fd"):
                target = os.readlink(descriptor.path)
                if target.startswith("socket:[") and target[8:-1] in inodes:
                    found[target[8:-1]] = read(f"/proc/{pid}/comm")
        except OSError:
            continue
    return found


def _without_icmpv6() -> list[str]:
    """Chains for what comes in that drop by default and whose tables never name ICMPv6."""
    if not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin"):
        return []
    places = []
    for entry in json.loads(run("nft", "--json", "list", "chains") or '{"nftables": []}')["nftables"]:
        chain = entry.get("chain", {})
        if chain.get("hook") == "input" and chain.get("policy") == "drop" and chain["family"] in ("inet", "ip6"):
            table = run("nft", "list", "table", chain["family"], chain["table"])
            if not re.search(r"icmpv6|ipv6-icmp|nexthdr 58|l4proto 58", table):
                places.append(f"nft table {chain['family']} {chain['table']}, chain {chain['name']}")
    return places


def _rpfilter() -> str:
    """firewalld's IPv6_rpfilter where it is strict and firewalld runs."""
    if not os.path.exists("/run/firewalld.pid") and not os.path.isdir("/run/firewalld"):
        return ""
    found = re.search(r"^IPv6_rpfilter=(\S+)", read("/etc/firewalld/firewalld.conf"), re.MULTILINE)
    value = found[1] if found else "yes"
    return value if value in ("yes", "strict") else ""
