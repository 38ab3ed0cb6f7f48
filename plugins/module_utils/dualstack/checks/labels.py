# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels, annotations and selectors: what Kubernetes accepts, and what can match at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import ERROR, WARNING
from ..intent.load import Intent, host_path
from ..plan.selecting import selector
from ..resources import wishes
from ..resources.selectors import IN, NOT_IN, Selector, compatible
from .rule import Plan, Problem, rule

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_PREFIX = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
SYNTAX = "letters, digits, dashes, underscores and dots, at most 63, with a letter or digit at both ends"


@rule("label-syntax", ERROR)
def syntax(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Labels are written as the API server takes them, also where a selector looks for them.

    Source: Kubernetes label syntax: [prefix/]name and value of at most 63 characters.
    """
    del plan
    for path, labels in _labels(intent):
        for key, value in labels:
            if not _is_key(key):
                fix = f"Write {SYNTAX}; before a slash a DNS name."
                yield Problem(path, key, "is no name of a label", fix)
            if value and not _NAME.match(value):
                yield Problem(path, value, f"is no value of a label ({key})", f"Write {SYNTAX}.")


@rule("annotation-key", ERROR)
def annotation_key(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Annotations of a Service have names as the API server takes them.

    Source: Kubernetes validation of metadata.annotations: a qualified name once in lower case; any text as its value.
    """
    del plan
    for entry in intent.services:
        for key in entry["annotations"]:
            if not _is_key(key.lower()):
                fix = f"Write {SYNTAX}; before a slash a DNS name."
                yield Problem(f"{entry['at']}.annotations", key, "is no name of an annotation", fix)


@rule("annotation-owned", ERROR)
def annotation_owned(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Annotations of a Service are for others than its load balancer.

    Source: those of MetalLB are rendered from pool, addresses and sharing_key: a second text would win or be lost.
    """
    del plan
    for entry in intent.services:
        for key in entry["annotations"]:
            if not wishes.authored(key):
                fix = "Remove it; pool, addresses and sharing_key of the Service say what a load balancer is asked."
                yield Problem(f"{entry['at']}.annotations", key, "belongs to what renders the Service", fix)


@rule("selector-values", ERROR)
def values(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """In and NotIn have values, Exists and DoesNotExist have none.

    Source: Kubernetes validation of metav1.LabelSelector.
    """
    del plan
    for path, each in _selectors(intent):
        for index, expression in enumerate(each["matchExpressions"]):
            place, operator = f"{path}.matchExpressions[{index}].values", expression["operator"]
            if operator in (IN, NOT_IN) and not expression["values"]:
                yield Problem(place, "", f"{operator} has no values", "Give values, or use Exists.")
            elif operator not in (IN, NOT_IN) and expression["values"]:
                reason = f"{operator} has values"
                yield Problem(place, ", ".join(expression["values"]), reason, "Remove them, or use In.")


@rule("selector-contradicts", WARNING)
def contradiction(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The conditions of one selector can hold together.

    Source: all conditions of a metav1.LabelSelector must hold; alternatives are selectors of their own.
    """
    del plan
    for path, each in _selectors(intent):
        if not compatible(selector(each), Selector()):
            yield Problem(path, "", "its conditions exclude each other", "Make two selectors of it.")


RULES = (syntax, annotation_key, annotation_owned, values, contradiction)


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(_NAME.match(name)) and (not slash or bool(_PREFIX.match(prefix)))


def _labels(intent: Intent) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every place with labels: names and values."""
    for entry in intent.pools:
        yield f"{entry['at']}.labels", list(entry["labels"].items())
    for entry in intent.services:
        for key in ("labels", "selector"):
            yield f"{entry['at']}.{key}", list(entry[key].items())
    for node, facts in intent.nodes.items():
        yield f"{host_path(node)}.labels", list(facts["labels"].items())
    for path, each in _selectors(intent):
        yield f"{path}.matchLabels", list(each["matchLabels"].items())
        for index, expression in enumerate(each["matchExpressions"]):
            found = [(expression["key"], value) for value in expression["values"] or [""]]
            yield f"{path}.matchExpressions[{index}]", found


def _selectors(intent: Intent) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every selector with its place."""
    lists: list[tuple[str, list[dict[str, Any]]]] = []
    for name, rack in intent.fabric["racks"].items():
        lists.append((f"dualstack.fabric.racks.{name}.node_selectors", rack["node_selectors"]))
    for entry in [*intent.fabric["peers"], *intent.pools, *intent.advertise]:
        lists.append((f"{entry['at']}.node_selectors", entry["node_selectors"]))
    for entry in intent.advertise:
        lists.append((f"{entry['at']}.service_selectors", entry["service_selectors"]))
        for index, preferred in enumerate((entry["layer2"] or {}).get("preferred_nodes", [])):
            yield f"{entry['at']}.layer2.preferred_nodes[{index}].selector", preferred["selector"]
    for entry in intent.pools:
        for key in ("namespace_selectors", "service_selectors") if entry["service_allocation"] else ():
            lists.append((f"{entry['at']}.service_allocation.{key}", entry["service_allocation"][key]))
    for path, entries in lists:
        for index, each in enumerate(entries):
            yield f"{path}[{index}]", each
