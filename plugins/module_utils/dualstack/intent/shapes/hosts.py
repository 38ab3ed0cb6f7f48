# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of names in the DNS, alone or where an address may stand as well.

Source: RFC 1123 section 2.1 in lower case, as Kubernetes has it (IsDNS1123Subdomain: 253 characters at most), with
the 63 characters of a label (RFC 1035 section 2.3.4). Left out on purpose: underscores and a final dot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .addresses import ADDRESS
from .base import INVALID, JsonSchema, Report, Shape, error, wrong_type
from .scalars import text_like

_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_LONGEST = 253


@dataclass(frozen=True)
class DnsName(Shape):
    """A DNS name; ``wildcard``: its first label may be a star; ``numeric``: its last one may have digits alone.

    A name that ends in digits alone is taken for an address by those who look it up (WHATWG URL section 3.5), and is
    none.
    """

    wildcard: bool = False
    numeric: bool = True

    @property
    def kind(self) -> str:
        return "a DNS name in lower case, without a final dot"

    @property
    def pattern(self) -> str:
        star = r"(?:\*\.)?" if self.wildcard else ""
        last = "" if self.numeric else "(?![0-9]+$)"
        return rf"{star}(?:{_LABEL}\.)*{last}{_LABEL}"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            return wrong_type(report, path, value, "text", "Put it in quotes.")
        if len(value) > _LONGEST:
            reason = f"has {len(value)} characters; a DNS name has {_LONGEST} at most"
            return error(report, "syntax", path, value, reason, "Choose a shorter one.")
        if re.fullmatch(self.pattern, value):
            return str(value)
        lower = value.lower()
        fix = f"Write {lower if re.fullmatch(self.pattern, lower) else self.kind}."
        return error(report, "syntax", path, value, f"is not {self.kind}", fix)

    def json_schema(self) -> JsonSchema:
        return {**text_like(self.pattern, self.kind), "maxLength": _LONGEST}


@dataclass(frozen=True)
class HostShape(Shape):
    """A DNS name, or an address, which is written back canonically."""

    name: DnsName

    @property
    def kind(self) -> str:
        return "a DNS name in lower case or an address"

    def read(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            return wrong_type(report, path, value, "text", "Put it in quotes.")
        host = _without_port(value)
        if host is not None:
            fix = f"Write {host} alone, without brackets and port."
            return error(report, "syntax", path, value, f"is not {self.kind}", fix)
        if value.count(":") > 1 or re.fullmatch(r"[\s0-9.]+", value):
            return ADDRESS.read(value, path, report)
        read = self.name.read(value, path, lambda _unused: None)
        if read is not INVALID:
            return read
        if len(value) > _LONGEST or self.name.read(value.lower(), path, lambda _unused: None) is not INVALID:
            return self.name.read(value, path, report)
        return error(report, "syntax", path, value, f"is not {self.kind}", f"Write {self.kind}.")

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.name.json_schema(), ADDRESS.json_schema()]}


HOST = HostShape(DnsName(numeric=False))
NAME_OF_CERTIFICATE = HostShape(DnsName(wildcard=True, numeric=False))
DOMAIN = DnsName()


def _without_port(text: str) -> str | None:
    """The host of "host:port" and of "[host]", with or without a port; None: it is something else."""
    found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]*)?|([^:\[\]]+):[0-9]*", text.strip())
    return (found[1] or found[2]) if found else None
