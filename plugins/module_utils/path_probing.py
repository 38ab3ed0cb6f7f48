# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of the way of packets, from a host and from within a pod's network namespace: TCP, and questions of DNS."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .dualstack.components.proof import dns_message
from .pod_namespace import within

_WORKERS = 32
_REPLY = 512  # octets
_PAUSE = 0.3  # seconds


def run(probes: Sequence[Mapping[str, Any]], pod: int | None, timeout: float, patience: float) -> list[dict[str, Any]]:
    """Every probe with what became of it: ``ok``, ``detail``, ``node`` (who answered), ``sources`` (whom it saw) or
    ``answers`` (of DNS). ``pod`` is a process in the pod; a probe that fails is tried again for ``patience`` seconds,
    one that must be ``denied`` while it succeeds."""
    if not probes:
        return []
    until = time.monotonic() + patience
    with ThreadPoolExecutor(min(_WORKERS, len(probes))) as pool:
        return list(pool.map(lambda probe: {**probe, **_persist(probe, pod, timeout, until)}, probes))


def _persist(probe: Mapping[str, Any], pod: int | None, timeout: float, until: float) -> dict[str, Any]:
    start = pod if probe["start"] == "pod" else None
    while True:
        found = _question(probe, start, timeout) if probe["id"] == "dns" else _flows(probe, start, timeout)
        if found["ok"] is not bool(probe.get("denied")) or time.monotonic() >= until:
            return found
        time.sleep(_PAUSE)


def _flows(probe: Mapping[str, Any], start: int | None, timeout: float) -> dict[str, Any]:
    sources, nodes = [], []
    for _unused in range(probe.get("flows", 1)):
        try:
            told = _ask(probe, start, timeout)
        except OSError as error:
            return {"ok": False, "detail": _why(error, timeout), "node": "", "sources": []}
        nodes.append(told.get("node", ""))
        sources.append(told.get("source", ""))
    return {"ok": True, "detail": "answered", "node": nodes[-1], "sources": sorted(set(sources))}


def _ask(probe: Mapping[str, Any], start: int | None, timeout: float) -> dict[str, str]:
    """What the listener says, after a TCP connection."""
    with _socket(probe, start, socket.SOCK_STREAM, timeout) as connection:
        connection.connect((probe["target"], probe["port"]))
        reply = b""
        while len(reply) < _REPLY:
            chunk = connection.recv(_REPLY)
            if not chunk:
                break
            reply += chunk
    lines = [line.partition("=") for line in reply.decode("ascii", "replace").splitlines()]
    told = {key: value for key, equals, value in lines if equals}
    if "source" not in told:
        raise OSError("connected, but somebody else answers there")
    return told


def _question(probe: Mapping[str, Any], start: int | None, timeout: float) -> dict[str, Any]:
    number = random.randrange(1 << 16)
    try:
        with _socket(probe, start, socket.SOCK_DGRAM, timeout) as asking:
            asking.connect((probe["target"], probe["port"]))
            asking.send(dns_message.question(number, probe["question"], probe["record"]))
            found = dns_message.answers(number, probe["record"], asking.recv(4096))
    except OSError as error:
        return {"ok": False, "detail": _why(error, timeout), "answers": []}
    except dns_message.DnsError as error:
        return {"ok": False, "detail": f"{probe['record']} of {probe['question']}: {error}", "answers": []}
    return {"ok": True, "detail": "answered", "answers": found}


def _socket(probe: Mapping[str, Any], start: int | None, kind: int, timeout: float) -> socket.socket:
    """A socket in the namespace that the probe starts in, of the family of its target."""
    with within(start):
        made = socket.socket(socket.AF_INET6 if ":" in probe["target"] else socket.AF_INET, kind)
    made.settimeout(timeout)
    return made


def _why(error: OSError, timeout: float) -> str:
    if isinstance(error, socket.timeout):
        return f"nothing within {timeout:g} s"
    return (error.strerror or str(error)).lower()
