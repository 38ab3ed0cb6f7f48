# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secrets that our processes use: passwords of sessions, and the key of heartbeats."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..resources.words import BASIC_AUTH, HEARTBEAT, HEARTBEAT_KEY
from . import applying

Object = dict[str, Any]


def named(plan: Mapping[str, Any], cluster: str) -> list[str]:
    """The names of the Secrets that the sessions of a cluster's nodes name, sorted."""
    return sorted(
        {
            session["password"]["secret"]
            for session in plan["sessions"]
            if session["password"] and plan["nodes"].get(session["ends"][0]["host"], {}).get("cluster") == cluster
        }
    )


def of_session(name: str, password: str, namespace: str, plan: str) -> Object:
    """The Secret of a session's password."""
    return applying.labelled([_secret(name, namespace, BASIC_AUTH, "password", password)], plan)[0]


def of_heartbeats(key: str, namespace: str) -> Object:
    """The Secret with the key of heartbeats. It outlives plans: a new key must not appear by chance."""
    return _secret(HEARTBEAT, namespace, "Opaque", HEARTBEAT_KEY, key)


def _secret(name: str, namespace: str, kind: str, key: str, value: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": {key: base64.b64encode(value.encode()).decode()},
    }
