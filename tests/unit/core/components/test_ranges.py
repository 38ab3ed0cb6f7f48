# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIDRs of a running cluster only get a second family behind the first one, with either family first."""

from __future__ import annotations

import pytest
import yaml

from dualstack.components import ranges

OWN = {"ipv4": "10.244.0.0/16", "ipv6": "fd00:244::/56"}
OTHER = {"ipv4": "10.245.0.0/16", "ipv6": "fd00:245::/56"}
FIRST = pytest.mark.parametrize(("first", "second"), [("ipv4", "ipv6"), ("ipv6", "ipv4")])
PLACES = pytest.mark.parametrize(
    ("flag", "field", "words"),
    [
        ("cluster-cidr", "podSubnet", "start, lead and end again and again"),
        ("service-cluster-ip-range", "serviceSubnet", "Services stay outside of its range"),
    ],
)
SWAPPED, TAKEN, CHANGED = (
    "the primary family of a running cluster can't be swapped",
    "a family can't be taken from a running cluster",
    "a CIDR of a running cluster can't be changed",
)


def changed(first: str, second: str) -> list[tuple[list[str], list[str], str]]:
    """What runs, what is planned, and what is said of it."""
    both = [OWN[first], OWN[second]]
    return [
        (both, both[::-1], SWAPPED),
        (both[:1], both[::-1], SWAPPED),
        (both, both[1:], SWAPPED),
        (both, both[:1], TAKEN),
        (both[:1], both[1:], CHANGED),
        (both, [OTHER[first], OWN[second]], CHANGED),
        (both, [OWN[first], OTHER[second]], CHANGED),
        (both[:1], [OTHER[first]], CHANGED),
        (both[:1], [OTHER[first], OWN[second]], CHANGED),
    ]


def document(field: str, value: list[str]) -> str:
    return yaml.safe_dump({"kind": "ClusterConfiguration", "networking": {field: ",".join(value), "dnsDomain": "a.b"}})


@FIRST
@PLACES
def test_what_a_running_cluster_does_not_survive_is_refused(
    flag: str, field: str, words: str, first: str, second: str
) -> None:
    for running, planned, why in changed(first, second):
        for told in ([f"--{flag}={','.join(running)}"], [f"--{flag}", ", ".join(running)]):
            with pytest.raises(ranges.RangeError) as refusal:
                ranges.keep_flags(["--v=2", *told], {flag: ",".join(planned)})
            assert f"--{flag} is {','.join(running)} and would become {','.join(planned)}: {why}." in str(refusal.value)
            assert words in str(refusal.value)
            assert f"State {', '.join(running)} in this order under cluster." in str(refusal.value)
        with pytest.raises(ranges.RangeError, match=f"networking.{field} is .*{why}"):
            ranges.keep_networking(document(field, running), {f"networking.{field}": ",".join(planned)})


@FIRST
@PLACES
def test_a_second_family_may_follow_and_all_else_is_nobodys_business(
    flag: str, field: str, words: str, first: str, second: str
) -> None:
    del words
    one, both = OWN[first], f"{OWN[first]},{OWN[second]}"
    for running, planned in ((one, one), (one, both), (both, both)):
        ranges.keep_flags([f"--{flag}={running}"], {flag: planned})
        ranges.keep_networking(document(field, running.split(",")), {"networking": {field: planned}})
    ranges.keep_flags([], {flag: both})
    ranges.keep_flags([f"--{flag}={both}"], {"v": "2"})
    ranges.keep_networking("kind: ClusterConfiguration\n", {f"networking.{field}": both})
    ranges.keep_networking(document(field, [one]), {"networking.dnsDomain": "b.c"})


@PLACES
def test_another_way_to_write_a_cidr_is_no_change(flag: str, field: str, words: str) -> None:
    del field, words
    ranges.keep_flags([f"--{flag}=10.244.7.0/16,FD00:0244:0::1/56"], {flag: f"{OWN['ipv4']},{OWN['ipv6']}"})


BLOCKS = {"ipv4": ["10.244.1.0/24", "10.244.2.0/24"], "ipv6": ["fd00:244:0:1::/64", "fd00:244:0:2::/64"]}


@FIRST
def test_pod_cidrs_of_nodes_lie_in_those_of_the_plan_at_their_places(first: str, second: str) -> None:
    held = {f"node{number}": [BLOCKS[first][number], BLOCKS[second][number]] for number in (0, 1)}
    pods = {first: OWN[first], second: OWN[second]}
    ranges.keep_nodes(held, pods)
    ranges.keep_nodes({"waits": [], "of-one-family": [BLOCKS[first][0]]}, pods)
    for planned, why in (
        ({second: OWN[second], first: OWN[first]}, SWAPPED),
        ({second: OWN[second]}, SWAPPED),
        ({first: OWN[first]}, TAKEN),
        ({first: OTHER[first], second: OWN[second]}, CHANGED),
        ({first: OWN[first], second: OTHER[second]}, CHANGED),
    ):
        with pytest.raises(ranges.RangeError) as refusal:
            ranges.keep_nodes({"waits": [], **held}, planned)
        said = str(refusal.value)
        assert said.startswith(
            f"spec.podCIDRs of the Node node0 is {BLOCKS[first][0]},{BLOCKS[second][0]} and the pods of"
        )
        assert f"planned to have {','.join(planned.values())}: {why}. " in said and "--cluster-cidr" in said
    with pytest.raises(ranges.RangeError, match="of the Node other is"):
        ranges.keep_nodes({**held, "other": [BLOCKS[second][0], BLOCKS[first][0]]}, pods)
