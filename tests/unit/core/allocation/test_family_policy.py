# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision about a Service's families: every row of the page, every combination of answers, every cluster."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from dualstack.allocation.family_policy import PREFER, REQUIRE, SINGLE, PolicyError, decide
from dualstack.resources import wishes

PAGE = Path(__file__).resolve().parents[4] / "docs" / "family-policy.md"
CLUSTERS = (["ipv4", "ipv6"], ["ipv6", "ipv4"], ["ipv4"], ["ipv6"])
NAMES = {"ipv4": "IPv4", "ipv6": "IPv6"}
QUESTIONS = ("both", "ipv6_mandatory", "ipv4_mandatory", "primary", "fall_back")
VALUES = {"true": True, "false": False, "ipv4": "ipv4", "ipv6": "ipv6"}


def rows() -> list[tuple[dict[str, Any], str, list[str]]]:
    """The table of the page: (answers, policy or error, families)."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    found = []
    for line in lines[2:]:
        *cells, policy, families = [cell.strip() for cell in line.strip("|").split("|")]
        answers = {name: VALUES[cell] for name, cell in zip(QUESTIONS, cells) if cell}
        found.append((answers, policy, re.findall(r"ipv\d", families)))
    return found


@pytest.mark.parametrize(("answers", "policy", "families"), rows(), ids=repr)
def test_every_row_of_the_page(answers: dict[str, Any], policy: str, families: list[str]) -> None:
    if policy.startswith("error: "):
        with pytest.raises(PolicyError, match=re.escape(policy.removeprefix("error: "))):
            decide(["ipv4", "ipv6"], answers)
        return
    decision = decide(["ipv4", "ipv6"], answers)
    assert (decision.policy, decision.families) == (policy, families)


def test_the_page_has_every_policy_with_every_first_family() -> None:
    decided = {(policy, tuple(families)) for _answers, policy, families in rows() if families}
    assert decided == {
        (SINGLE, ("ipv4",)),
        (SINGLE, ("ipv6",)),
        *((policy, order) for policy in (PREFER, REQUIRE) for order in (("ipv4", "ipv6"), ("ipv6", "ipv4"))),
    }
    assert (SINGLE, PREFER, REQUIRE) == (wishes.SINGLE_STACK, wishes.PREFER, wishes.REQUIRE)


def everything() -> list[tuple[list[str], dict[str, Any]]]:
    """Every cluster with every combination of answers."""
    given = [(None, False, True)] * 3 + [(None, "ipv4", "ipv6"), (None, False, True)]
    return [(cluster, dict(zip(QUESTIONS, values))) for cluster in CLUSTERS for values in itertools.product(*given)]


def accepted(cluster: list[str], policy: str, families: list[str]) -> bool:
    """Whether kube-apiserver takes the policy and families of a new Service (Kubernetes 1.20 and later)."""
    if any(family not in cluster for family in families) or len(set(families)) < len(families):
        return False
    if len(families) == 2:
        return policy in (PREFER, REQUIRE)
    return policy == SINGLE or (policy == PREFER and len(cluster) == 1)


def test_what_is_decided_meets_the_needs_and_kubernetes_takes_it() -> None:
    decided = 0
    for cluster, answers in everything():
        mandatory = {family for family in NAMES if answers[f"{family}_mandatory"]}
        try:
            policy, families, why = decide(cluster, answers)
        except PolicyError as problem:
            assert ": " in str(problem), "what is wrong, then what to do"
            assert contradictory(cluster, answers, mandatory), (cluster, answers, str(problem))
            continue
        assert not contradictory(cluster, answers, mandatory), (cluster, answers)
        decided += 1
        assert accepted(cluster, policy, families)
        assert mandatory <= set(families)
        if answers["both"]:
            assert policy == (PREFER if answers["fall_back"] else REQUIRE)
            assert set(families) == set(cluster)
        else:
            assert policy == (SINGLE if mandatory else PREFER)
        first = answers["primary"]
        if first in families:
            assert families[0] == first, "the primary family is never lost"
        elif first is None:
            assert families[0] == (mandatory.pop() if len(mandatory) == 1 else cluster[0])
        assert why and all(sentence.endswith(".") for sentence in why)
        assert NAMES[families[0]] in " ".join(why) and policy in " ".join(why)
    assert decided > 150


def contradictory(cluster: list[str], answers: dict[str, Any], mandatory: set[str]) -> bool:
    """Needs that nobody can meet, told apart in another way than the function does."""
    optional = bool(answers["fall_back"])
    if not mandatory <= set(cluster):
        return True
    if answers["both"]:
        return (len(cluster) == 1 and not optional) or (len(mandatory) == 2 and optional)
    wrong_first = len(mandatory) == 1 and answers["primary"] not in (None, *mandatory)
    return len(mandatory) == 2 or answers["fall_back"] is False or wrong_first


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_cluster_of_one_family_names_the_other_as_the_fix(family: str) -> None:
    other = NAMES[next(name for name in NAMES if name != family)]
    with pytest.raises(PolicyError, match=f"say fall_back: true, or give the cluster {other}$"):
        decide([family], {"both": True})
    decision = decide([family], {"both": True, "fall_back": True})
    assert decision.families == [family] and f"When the cluster gets {other}, name both families" in decision.why[-1]


@pytest.mark.parametrize(
    ("cluster", "answers", "reason"),
    [
        ([], {}, "give a list of ipv4 and ipv6"),
        ("ipv4", {}, "give a list"),
        (["ipv4", "ipv4"], {}, "give a list"),
        (["IPv4"], {}, "give a list"),
        ([{}], {}, "give a list"),
        (None, {}, "give a list"),
        (["ipv4"], {"both": "yes"}, "both is 'yes': give true or false"),
        (["ipv4"], {"fall_back": 1}, "fall_back is 1: give true or false"),
        (["ipv4"], {"ipv6_mandatory": "false"}, "ipv6_mandatory is 'false'"),
        (["ipv4"], {"primary": "IPv6"}, "primary is 'IPv6': write ipv4 or ipv6"),
        (["ipv4"], {"primary": ["ipv6"]}, "write ipv4 or ipv6"),
    ],
)
def test_bad_input_is_named(cluster: Any, answers: dict[str, Any], reason: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(reason)):
        decide(cluster, answers)
