# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selecting by labels: the selectors of an intent against labels of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..resources.selectors import IN, Requirement, Selector, selected

HOSTNAME = "kubernetes.io/hostname"


def matches(selectors: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> bool:
    """Whether any selector matches, or there is none: a list of label selectors is an OR, as in metallb.io kinds."""
    return selected([selector(each) for each in selectors], labels)


def nodes_of(selectors: Sequence[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, Any]], cluster: str) -> list[str]:
    """The nodes of a cluster that are selected; every node has the label kubernetes.io/hostname besides its own."""
    return [
        name
        for name, facts in nodes.items()
        if facts["cluster"] == cluster and matches(selectors, {HOSTNAME: name, **facts["labels"]})
    ]


def selector(given: Mapping[str, Any]) -> Selector:
    """A label selector of the intent as the one object that knows how to match."""
    labels = [Requirement(key, IN, (value,)) for key, value in sorted(given["matchLabels"].items())]
    expressions = [
        Requirement(each["key"], each["operator"], tuple(each["values"])) for each in given["matchExpressions"]
    ]
    return Selector((*labels, *expressions))


def read(selectors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Selectors of a plan with all their parts."""
    return [{"matchLabels": {}, "matchExpressions": [], **each} for each in selectors]


def written(selectors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The selectors as Kubernetes objects have them: without empty parts."""
    return [{key: value for key, value in each.items() if value} for each in selectors]
