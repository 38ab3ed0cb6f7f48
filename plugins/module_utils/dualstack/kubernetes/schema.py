# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of CustomResourceDefinitions (structural OpenAPI v3), and the rules in CEL that stand beside them.

Kubernetes: "Extend the Kubernetes API with CustomResourceDefinitions", apiserver/pkg/cel. A rule costs what its longest
input could cost, so lists and texts that rules look into have a greatest length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Schema = dict[str, Any]

NAMES = 256  # the most names of a list
_COMPARED = 128  # up to which repetitions are looked for: beyond, an object would cost more than it may
NAME_LENGTH = 253  # RFC 1123 subdomain, the longest name of an object
SELECTORS, EXPRESSIONS = 256, 128  # the most of them in a list
UNSIGNED_32 = 4294967295
# Server-side apply takes these as one value.
WHOLE_MAP = {"x-kubernetes-map-type": "atomic"}
_WHOLE_LIST = {"x-kubernetes-list-type": "atomic"}
_LABEL = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"


class Rule(NamedTuple):
    """What must hold (``cel``, of ``self``), and what is said otherwise. ``field``: the one that it is about."""

    cel: str
    message: str
    field: str = ""

    def data(self) -> Schema:
        """An entry of x-kubernetes-validations."""
        return {
            "rule": self.cel,
            "message": self.message,
            **({"fieldPath": f".{self.field}"} if self.field else {}),
        }


def text(description: str, rules: Iterable[Rule] = (), **more: Any) -> Schema:
    """A text; ``more``: further keywords."""
    return _with({"type": "string", "description": description, **more}, rules)


def whole(
    description: str,
    low: int | None = None,
    high: int | None = None,
    size: str = "",
    default: int | None = None,
    rules: Iterable[Rule] = (),
) -> Schema:
    """A whole number from ``low`` to ``high``; ``size``: int32 or int64, as others find it in the schema."""
    bounds = {"format": size or None, "minimum": low, "maximum": high, "default": default}
    stated = {key: value for key, value in bounds.items() if value is not None}
    return _with({"type": "integer", "description": description, **stated}, rules)


def flag(description: str, default: bool | None = None) -> Schema:
    """True or false."""
    return {
        "type": "boolean",
        "description": description,
        **({} if default is None else {"default": default}),
    }


def array(description: str, items: Schema, rules: Iterable[Rule] = (), most: int | None = None) -> Schema:
    """A list of at most ``most`` items."""
    limit = {} if most is None else {"maxItems": most}
    return _with({"type": "array", "description": description, **limit, "items": items}, rules)


def struct(
    description: str,
    properties: Mapping[str, Schema],
    required: Sequence[str] = (),
    rules: Iterable[Rule] = (),
) -> Schema:
    """An object with known fields."""
    needed = {"required": list(required)} if required else {}
    return _with({"type": "object", "description": description, **needed, "properties": dict(properties)}, rules)


def names(description: str, what: str, each: Iterable[Rule] = ()) -> Schema:
    """A list of names without repetitions, each as ``each`` has it.

    MetalLB refuses repeated ones too (0.16 `internal/config/config.go`).
    """
    return array(description, text(what, each, maxLength=NAME_LENGTH), [unique(what)], most=NAMES)


def unique(what: str) -> Rule:
    """No value of a list of texts stands there twice."""
    cel = f"size(self) > {_COMPARED} || self.all(x, self.exists_one(y, x == y))"
    return Rule(cel, f"names {what} more than once: remove the repetition")


def selectors(description: str) -> Schema:
    """A list of label selectors, of which one must match."""
    return array(description, selector("A label selector; an empty one matches all."), most=SELECTORS)


def selector(description: str) -> Schema:
    """A label selector as apimachinery's meta/v1 has it, with what its conversion refuses."""
    rules = [
        Rule(
            "self.operator in ['In', 'NotIn', 'Exists', 'DoesNotExist']",
            "is not an operator: use In, NotIn, Exists or DoesNotExist",
            "operator",
        ),
        Rule(
            "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
            "In and NotIn compare with values: give at least one, or use Exists or DoesNotExist",
            "operator",
        ),
        Rule(
            "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
            "Exists and DoesNotExist take no values: remove them, or use In or NotIn",
            "operator",
        ),
    ]
    value = {"type": "string", "maxLength": 63, "pattern": _LABEL}
    expression = struct(
        "A condition on a label.",
        {
            "key": text("The label's name.", maxLength=317, pattern=_KEY),
            "operator": text("In, NotIn, Exists or DoesNotExist."),
            "values": {**array("What In and NotIn compare with.", value), **_WHOLE_LIST},
        },
        ["key", "operator"],
        rules,
    )
    found = struct(
        description,
        {
            "matchExpressions": {
                **array("Conditions, which all must hold.", expression, most=EXPRESSIONS),
                **_WHOLE_LIST,
            },
            "matchLabels": {
                "type": "object",
                "description": "Labels with the values that they must have.",
                "additionalProperties": value,
            },
        },
    )
    return {**found, **WHOLE_MAP}


def _with(schema: Schema, rules: Iterable[Rule]) -> Schema:
    found = [rule.data() for rule in rules]
    return {**schema, **({"x-kubernetes-validations": found} if found else {})}
