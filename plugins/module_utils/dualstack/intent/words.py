# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of an intent: shapes that several of its parts use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shapes import INVALID, MISSING, Boolean, Integer, JsonSchema, Key, ListOf, MapOf, Shape, Struct, Text, error

NAME = Text(
    pattern=r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
    like="a DNS label (lower case letters, digits and dashes, at most 63)",
)
HOST = Text(pattern=r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?", like="a host name of the inventory")
INTERFACE = Text(pattern=r"[^\s/]{1,15}", like="an interface name of at most 15 characters")
COMMUNITY = Text(
    pattern="[0-9]{1,5}:[0-9]{1,5}|large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}",
    like='a community "ASN:number" or "large:A:B:C" (in quotes: YAML reads 1:20 as a number)',
)
ALIAS = Text(pattern=r"[A-Za-z0-9][-A-Za-z0-9_.]{0,62}", like="the name of a community")
COMMUNITY_OR_ALIAS = Text(
    pattern=f"{COMMUNITY.pattern}|{ALIAS.pattern}", like=f"{COMMUNITY.like}, or a name of dualstack.communities"
)
FAMILY = Text(choices=("ipv4", "ipv6"))
ASN = Integer(1, 4294967295)
REASON = Text(pattern=r"\S.{4,}", like="a reason of at least five letters")

PREFIX_LENGTHS = Struct(
    (
        Key("ipv4", Integer(1, 32), "prefix length of IPv4"),
        Key("ipv6", Integer(1, 128), "prefix length of IPv6"),
    ),
    words="prefix lengths by family",
)

SELECTOR = Struct(
    (
        Key("matchLabels", MapOf(Text()), "labels and their values; all must match", default={}),
        Key(
            "matchExpressions",
            ListOf(
                Struct(
                    (
                        Key("key", Text(), "name of the label", required=True),
                        Key(
                            "operator",
                            Text(choices=("In", "NotIn", "Exists", "DoesNotExist")),
                            "how to compare",
                            required=True,
                        ),
                        Key("values", ListOf(Text(), least=0), "values of In and NotIn", default=[]),
                    ),
                    words="expression",
                ),
                least=0,
            ),
            "conditions on labels; all must hold",
            default=[],
        ),
    ),
    words="label selector",
)
SELECTORS = ListOf(SELECTOR, least=0)


_SECRET = Struct((Key("secret", NAME, "name of the secret in dualstack_secrets", required=True),))


class SecretName(Shape):
    """``{secret: NAME}``: an intent names a secret and never holds it; messages do not repeat what stands there."""

    @property
    def kind(self) -> str:
        return "{secret: NAME}"

    def read(self, value: Any, path: str, report: Any) -> Any:
        if not isinstance(value, Mapping):
            fix = f"Write {self.kind} and keep the value in the variable dualstack_secrets, in a vault."
            return error(report, "clear-secret", path, MISSING, "a secret in clear does not belong into an intent", fix)
        name = value.get("secret")
        if name is not None and NAME.read(name, path, lambda finding: None) is INVALID:
            fix = f"Name a secret of dualstack_secrets: {NAME.like}."
            return error(report, "syntax", f"{path}.secret", MISSING, "is not the name of a secret", fix)
        return _SECRET.read(value, path, report)

    def json_schema(self) -> JsonSchema:
        return _SECRET.json_schema()


SECRET = SecretName()
SWITCH = Boolean()
