# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a configuration: placeholders become values, and values never come back out.

A placeholder is ``@secret:NAME@``. A TCP MD5 key (RFC 2385) is at most 80 bytes long in Linux (TCP_MD5SIG_MAXKEYLEN).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"@secret:([^@\s]+)@")
LONGEST = 80
HIDDEN = "********"

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


def _value(name: str, secrets: Mapping[str, str]) -> str:
    if name not in secrets:
        raise SecretError(
            f"the configuration needs the secret {name!r}, which was not given; add it to dualstack_secrets"
        )
    value = secrets[name]
    if not isinstance(value, str) or not value:
        raise SecretError(f"the secret {name!r} is empty or not text; give it a value in dualstack_secrets")
    if len(value) > LONGEST:
        raise SecretError(f"the secret {name!r} is longer than {LONGEST} characters, the longest TCP MD5 key")
    if not all("!" <= character <= "~" for character in value):
        raise SecretError(
            f"the secret {name!r} has spaces or characters that are not ASCII; FRR would not take it whole"
        )
    return value
