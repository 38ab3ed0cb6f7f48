# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a configuration: placeholders become values, and values never come back out.

A placeholder is ``@secret:NAME@``. A TCP MD5 key (RFC 2385) is at most 80 bytes long in Linux (TCP_MD5SIG_MAXKEYLEN).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"@secret:([^@\s]+)@")
LONGEST = 80
HIDDEN = "********"
FEW = 4  # hosts that are named

# Everything behind these words is a key, in whatever part of the configuration it stands.
_KEYED = re.compile(r"(\b(?:password|key-string|authentication-key|message-digest-key)[ \t]+)([^\n]*\S)")


class SecretError(ValueError):
    """A secret is missing or unusable; the message names it, never its value."""


def fill(text: str, secrets: Mapping[str, str]) -> str:
    """``text`` with the value of each placeholder. Raises SecretError."""
    return PLACEHOLDER.sub(lambda found: _value(found.group(1), secrets), text)


class Mask:
    """Replaces the values of ``secrets`` by their placeholders, and keys that it does not know by asterisks."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        known = {str(value): f"@secret:{name}@" for name, value in secrets.items() if value}
        self._known = dict(sorted(known.items(), key=lambda entry: -len(entry[0])))

    def __call__(self, text: str) -> str:
        """For any text: configuration, a tool's output, an error."""
        keyed = _KEYED.sub(lambda found: found.group(1) + self._shown(found.group(2)), text)
        for value, placeholder in self._known.items():
            keyed = keyed.replace(value, placeholder)
        return keyed

    def _shown(self, key: str) -> str:
        if PLACEHOLDER.fullmatch(key):
            return key
        return self._known.get(key, HIDDEN)


def lacking(plan: Mapping[str, Any], secrets: Mapping[str, Any]) -> list[str]:
    """The secrets that hosts of ours need and can't be given: ``NAME (hosts) what is wrong with it``, by name."""
    ours = {*plan["nodes"], *(name for name, router in plan["routers"].items() if router["managed"])}
    needing: dict[str, set[str]] = {}
    for session in plan["sessions"]:
        if session["password"]:
            needing.setdefault(session["password"]["secret"], set()).update(end["host"] for end in session["ends"])
    return [
        f"{name} ({_some(sorted(hosts & ours))}) {wrong}"
        for name, hosts in sorted(needing.items())
        if hosts & ours and (wrong := _wrong(name, secrets, bool(hosts & ours & plan["routers"].keys())))
    ]


def _some(hosts: list[str]) -> str:
    return ", ".join(hosts) if len(hosts) <= FEW else f"{', '.join(hosts[: FEW - 1])} and {len(hosts) - FEW + 1} more"


def _wrong(name: str, secrets: Mapping[str, Any], for_frr: bool = True) -> str:
    """What is wrong with a secret, never its value; empty when nothing is."""
    if name not in secrets:
        return "was not given"
    value = secrets[name]
    if not isinstance(value, str) or not value:
        return "is empty or not text"
    if len(value) > LONGEST:
        return f"is longer than {LONGEST} characters, the longest TCP MD5 key"
    if for_frr and not all("!" <= character <= "~" for character in value):
        return "has spaces or characters that are not ASCII; FRR would not take it whole"
    return ""


def _value(name: str, secrets: Mapping[str, Any]) -> str:
    wrong = _wrong(name, secrets)
    if wrong:
        raise SecretError(f"the secret {name!r}, which the configuration needs, {wrong}; set it in dualstack_secrets")
    return str(secrets[name])
