# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ipFamilyPolicy and ipFamilies a Service should have, decided from what its application needs.

The questions are those of a well-known decision drawing for LoadBalancer Services. The drawing loses the answer to
"which family is primary?" on the way to its last question, so that a Service with IPv6 first ends with IPv4 first;
here the order is kept. How kube-apiserver settles policy and families: Kubernetes, "IPv4/IPv6 dual-stack", Services.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES, FAMILY_NAME, IPV4, IPV6

SINGLE, PREFER, REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"


class PolicyError(ValueError):
    """Needs that contradict each other or the cluster; the message says which, and what to change."""


class Needs(NamedTuple):
    """What an application needs. None stands for a question that was not answered."""

    both: bool
    mandatory: tuple[str, ...]
    primary: str | None
    fall_back: bool | None

    @property
    def first(self) -> str | None:
        """The family that should be the primary one: what is asked for, else the one that alone is mandatory."""
        return self.primary or (self.mandatory[0] if len(self.mandatory) == 1 else None)


class Decision(NamedTuple):
    """The policy, the families in order, and why, in sentences."""

    policy: str
    families: list[str]
    why: list[str]


def decide(cluster: Sequence[Any], answers: dict[str, Any]) -> Decision:
    """The policy for a cluster with these families, in its order.

    ``answers``: ``both``, ``ipv4_mandatory``, ``ipv6_mandatory``, ``fall_back`` (booleans), ``primary`` (a family);
    each may be missing. Raises PolicyError for values of another kind, and for needs that cannot be met.
    """
    families = _families(cluster)
    needs = _needs(answers)
    for family in needs.mandatory:
        if family not in families:
            others = f"{_names(families)} only"
            raise PolicyError(
                f"{FAMILY_NAME[family]} is mandatory, but the cluster has {others}: drop {family}_mandatory, "
                f"or give the cluster {FAMILY_NAME[family]}"
            )
    return _both(families, needs) if needs.both else _one(families, needs)


def _one(cluster: list[str], needs: Needs) -> Decision:
    """The application does not need both families."""
    if len(needs.mandatory) == 2:
        raise PolicyError("IPv4 and IPv6 are mandatory, but both is false: say both: true")
    if needs.fall_back is False:
        raise PolicyError("fall_back is false, so that both families are a must, but both is false: say both: true")
    if needs.mandatory:
        [family] = needs.mandatory
        name = FAMILY_NAME[family]
        if needs.primary not in (None, family):
            raise PolicyError(
                f"{name} alone is mandatory, so {FAMILY_NAME[str(needs.primary)]} can't be the primary family: "
                "leave primary out, or say both: true"
            )
        return Decision(
            SINGLE,
            [family],
            [f"The application does not need both families, and {name} is mandatory: {SINGLE} with {name}."],
        )
    why = ["The application does not need both families and neither is mandatory, so that it takes what there is."]
    return _prefer(cluster, needs, why)


def _both(cluster: list[str], needs: Needs) -> Decision:
    """The application needs both families."""
    if not needs.fall_back:
        if len(cluster) == 1:
            raise PolicyError(
                f"both families are a must, but the cluster has {_names(cluster)} only, and kube-apiserver refuses "
                f"{REQUIRE} there: say fall_back: true, or give the cluster {_names(_others(cluster))}"
            )
        order = _order(cluster, needs.first)
        return Decision(
            REQUIRE,
            order,
            [
                f"The application needs both families and may not run with one: {REQUIRE}.",
                _primary(needs, order),
                "Its pool or pair of pools must have blocks of both, else the Service stays without addresses.",
            ],
        )
    if len(needs.mandatory) == 2:
        raise PolicyError(
            "IPv4 and IPv6 are mandatory, so that there is nothing to fall back to: say fall_back: false, "
            "or drop a mandatory family"
        )
    why = ["The application needs both families, but may run with one."]
    if needs.mandatory:
        name = FAMILY_NAME[needs.mandatory[0]]
        why.append(
            f"{name} is mandatory, which no policy can say beside a preference: the pool must have {name} blocks."
        )
    return _prefer(cluster, needs, why)


def _prefer(cluster: list[str], needs: Needs, why: list[str]) -> Decision:
    if len(cluster) == 1:
        missing = _names(_others(cluster))
        why += [
            f"The cluster has {_names(cluster)} only, and kube-apiserver refuses {missing} there: {PREFER} with "
            f"{_names(cluster)}.",
            f"When the cluster gets {missing}, name both families: the Service does not get the second one by itself.",
        ]
        return Decision(PREFER, list(cluster), why)
    order = _order(cluster, needs.first)
    why += [f"{PREFER} asks for both and accepts one.", _primary(needs, order)]
    return Decision(PREFER, order, why)


def _primary(needs: Needs, order: list[str]) -> str:
    """The sentence about the first family."""
    reason = "as asked for" if needs.primary else "because it is mandatory" if needs.first else "as in the cluster"
    return f"{FAMILY_NAME[order[0]]} is the primary family, {reason}: it stands first, and clusterIP is of it."


def _order(cluster: list[str], first: str | None) -> list[str]:
    return [first, *(family for family in cluster if family != first)] if first else list(cluster)


def _others(families: list[str]) -> list[str]:
    return [family for family in FAMILIES if family not in families]


def _names(families: Sequence[str]) -> str:
    return " and ".join(FAMILY_NAME[family] for family in families)


def _needs(answers: dict[str, Any]) -> Needs:
    for name in ("both", "ipv4_mandatory", "ipv6_mandatory", "fall_back"):
        if answers.get(name) is not None and not isinstance(answers[name], bool):
            raise PolicyError(f"{name} is {answers[name]!r}: give true or false, without quotes")
    primary = answers.get("primary")
    if primary is not None and primary not in FAMILIES:
        raise PolicyError(f"primary is {primary!r}: write ipv4 or ipv6")
    mandatory = tuple(family for family in (IPV4, IPV6) if answers.get(f"{family}_mandatory"))
    return Needs(bool(answers.get("both")), mandatory, primary, answers.get("fall_back"))


def _families(cluster: Sequence[Any]) -> list[str]:
    given = list(cluster) if isinstance(cluster, (list, tuple)) else []
    if not given or any(family not in FAMILIES for family in given) or len(set(given)) < len(given):
        raise PolicyError(
            f"the cluster's families are {cluster!r}: give a list of ipv4 and ipv6, the primary family first"
        )
    return given
