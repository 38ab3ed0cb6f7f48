#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask VIPs from a client: an answer over TCP and HTTP in several flows, and the neighbour entries on its segments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vip_probe
short_description: Probe VIPs from a client and look up their neighbour entries
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Connects to every VIP over TCP in several flows (each has its own source port, so that equal-cost paths are spread
    over) and sends an HTTP request in each. Any HTTP answer is an answer, whatever its status.
  - Reads C(node=NAME) from the first lines of the reply, if a backend says there which node it is on.
  - Has the kernel resolve the addresses of O(resolve) and confirms the entries that it has already with a unicast probe
    (RFC 4861 section 7.3, RFC 1122 section 2.3.2.1), as it would itself on use; then returns the entries.
  - Both families at once, and all VIPs at once. Failed probes are results, not failures of the module.
options:
  probes:
    description: What to probe.
    type: list
    elements: dict
    default: []
    suboptions:
      vip:
        description: The address.
        type: str
        required: true
      port:
        description: The TCP port.
        type: int
        required: true
  resolve:
    description: Addresses on a segment of this host, whose neighbour entries are wanted.
    type: list
    elements: str
    default: []
  flows:
    description: Flows per VIP.
    type: int
    default: 4
  timeout:
    description: Seconds that one attempt of a flow may take until it is connected, and again until it is answered.
    type: float
    default: 2
  retries:
    description: Further attempts of a flow that was not answered.
    type: int
    default: 1
  http:
    description: Whether an answer must be an HTTP answer. Otherwise an accepted connection is one.
    type: bool
    default: true
requirements:
  - iproute2, for O(resolve)
attributes:
  check_mode:
    description: Asks as it always does; it changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
"""

EXAMPLES = r"""
- name: Probe a VIP in both families
  baremetal.dualstack.vip_probe:
    probes:
      - {vip: 192.168.100.1, port: 80}
      - {vip: "2001:db8:1::1", port: 80}
    flows: 8
  register: probed
"""

RETURN = r"""
probes:
  description:
    - Per VIP whether every flow was answered (C(ok)), the nodes that the replies named (C(nodes), name to number of
      replies, and C(node), the most frequent one or an empty text), C(detail) in words, and C(ms), the median time to
      an answer in milliseconds or null.
  returned: always
  type: dict
neighbours:
  description: Per address of O(resolve) its entry, if there is one, with C(mac), C(state) and C(interface).
  returned: always
  type: dict
"""

import errno
import json
import os
import socket
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule

WORKERS = 64
REPLY_BYTES = 4096
DISCARD = 9
# Linux asks three times, a second apart, before it gives an entry up (mcast_solicit, ucast_solicit, retrans_time).
RESOLVE_SECONDS = 4.5
UNSETTLED = ("INCOMPLETE", "DELAY", "PROBE", "NONE")
CONFIRMABLE = ("REACHABLE", "STALE", "DELAY")


class Flow(NamedTuple):
    """One flow: what it was told (a status line, or what went wrong), by which node, in what time (seconds)."""

    answered: bool
    detail: str
    node: str
    seconds: float


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "probes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"vip": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
            },
            "resolve": {"type": "list", "elements": "str", "default": []},
            "flows": {"type": "int", "default": 4},
            "timeout": {"type": "float", "default": 2},
            "retries": {"type": "int", "default": 1},
            "http": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    for option, least in (("flows", 1), ("retries", 0)):
        if module.params[option] < least:
            module.fail_json(msg=f"{option} is {module.params[option]}; it must be at least {least}")
    module.exit_json(changed=False, probes=_probe_all(module.params), neighbours=_resolve(module))


def _probe_all(params: dict[str, Any]) -> dict[str, Any]:
    targets = dict.fromkeys((probe["vip"], probe["port"]) for probe in params["probes"])
    jobs = [target for target in targets for _number in range(params["flows"])]
    if not jobs:
        return {}
    with ThreadPoolExecutor(max_workers=min(WORKERS, len(jobs))) as pool:
        flows = list(pool.map(lambda target: _persist(target, params), jobs))
    return {
        vip: _sum([flow for job, flow in zip(jobs, flows) if job[0] == vip])
        for vip in dict.fromkeys(job[0] for job in jobs)
    }


def _sum(flows: list[Flow]) -> dict[str, Any]:
    """All flows of a VIP as one probe."""
    answered = [flow for flow in flows if flow.answered]
    nodes = Counter(flow.node for flow in answered if flow.node)
    told = Counter(flow.detail for flow in answered)
    wrong = Counter(flow.detail for flow in flows if not flow.answered)
    detail = f"{len(answered)} of {len(flows)} flows answered"
    for counted in (told, wrong):
        detail += "".join(
            f", {text}" if len(counted) == 1 else f", {number}× {text}" for text, number in counted.items()
        )
    return {
        "ok": len(answered) == len(flows),
        "node": nodes.most_common(1)[0][0] if nodes else "",
        "nodes": dict(sorted(nodes.items())),
        "detail": detail,
        "ms": round(1000 * statistics.median(flow.seconds for flow in answered), 1) if answered else None,
    }


def _persist(target: tuple[str, int], params: dict[str, Any]) -> Flow:
    flow = _flow(target, params)
    for _attempt in range(params["retries"]):
        if flow.answered:
            break
        flow = _flow(target, params)
    return flow


def _flow(target: tuple[str, int], params: dict[str, Any]) -> Flow:
    """One connection from a source port of its own."""
    timeout = params["timeout"]
    began = time.monotonic()
    try:
        connection = socket.create_connection(target, timeout=timeout)
    except OSError as error:
        return Flow(False, f"connect: {_why(error, timeout)}", "", 0.0)
    with connection:
        try:
            reply = _ask(connection, target, began + 2 * timeout) if params["http"] else b""
        except OSError as error:
            return Flow(False, f"connected, then: {_why(error, timeout)}", "", 0.0)
    seconds = time.monotonic() - began
    if not params["http"]:
        return Flow(True, "TCP connection accepted", "", seconds)
    head, _unused, body = reply.partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].decode("ascii", "replace").split()
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        return Flow(False, "connected, but the reply is not HTTP" if reply else "connected, but no reply", "", 0.0)
    return Flow(True, f"HTTP {words[1]}", _node(body), seconds)


def _ask(connection: socket.socket, target: tuple[str, int], deadline: float) -> bytes:
    vip, port = target
    host = f"[{vip}]:{port}" if ":" in vip else f"{vip}:{port}"
    connection.sendall(
        f"GET / HTTP/1.0\r\nHost: {host}\r\nUser-Agent: dualstack-evidence\r\nConnection: close\r\n\r\n".encode()
    )
    reply = b""
    while len(reply) < REPLY_BYTES:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        chunk = connection.recv(REPLY_BYTES)
        if not chunk:
            break
        reply += chunk
    return reply


def _node(body: bytes) -> str:
    """The node that the first lines of a reply name, or an empty text."""
    for line in body.split(b"\n")[:5]:
        key, separator, value = line.decode("utf-8", "replace").strip().partition("=")
        if separator and key == "node":
            return value.strip()
    return ""


def _why(error: OSError, timeout: float) -> str:
    if isinstance(error, socket.timeout):
        return f"nothing within {timeout:g} s"
    return os.strerror(error.errno) if error.errno else str(error)


def _resolve(module: AnsibleModule) -> dict[str, Any]:
    """Make the kernel resolve or confirm the addresses, wait until it knows, and return their entries."""
    wanted = list(dict.fromkeys(module.params["resolve"]))
    if not wanted:
        return {}
    asked = [address for address in wanted if _touch(address)]
    confirm = [
        f"neigh change {address} dev {entry['interface']} nud probe"
        for address, entry in _entries(module, wanted).items()
        if entry["state"] in CONFIRMABLE
    ]
    if confirm:
        # Without the privilege the entries stay as they are, which is evidence enough.
        module.run_command(["ip", "-force", "-batch", "-"], data="\n".join(confirm) + "\n")
    deadline = time.monotonic() + RESOLVE_SECONDS
    while True:
        entries = _entries(module, wanted)
        settled = all(entries.get(address, {}).get("state", UNSETTLED[0]) not in UNSETTLED for address in asked)
        if settled or time.monotonic() >= deadline:
            return entries
        time.sleep(0.1)


def _touch(address: str) -> bool:
    """Send an empty datagram to the discard port, which needs a neighbour entry; False without a route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(b"", (address, DISCARD))
        except OSError as error:
            if error.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            return False
    return True


def _entries(module: AnsibleModule, wanted: list[str]) -> dict[str, dict[str, Any]]:
    status, output, error = module.run_command(["ip", "-json", "neigh", "show"])
    if status != 0:
        module.fail_json(msg=f"ip neigh show ended with status {status}: {error.strip()}")
    return {
        entry["dst"]: {
            "mac": entry.get("lladdr"),
            "state": " ".join(entry.get("state", [])),
            "interface": entry["dev"],
        }
        for entry in json.loads(output or "[]")
        if entry["dst"] in wanted
    }


if __name__ == "__main__":
    main()
