# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes a cluster and who joins it, from what hosts are: above all, when nothing is done."""

from __future__ import annotations

import pytest

from dualstack.components.membership import BARE, MEMBER, UNFINISHED, Seen, decide

NODES = {
    "cp2": {"control_plane": True, "first": False},
    "cp1": {"control_plane": True, "first": True},
    "w1": {"control_plane": False, "first": False},
    "w2": {"control_plane": False, "first": False},
}
NEW = Seen(BARE)
LEADER = Seen(MEMBER, True, "a")
WORKER = Seen(MEMBER, False, "a")


def test_on_bare_hosts_the_first_control_plane_makes_the_cluster_and_all_others_join() -> None:
    found = decide(NODES, dict.fromkeys(NODES, NEW))
    assert found.problems == []
    assert (found.admin, found.init) == ("cp1", True)
    assert (found.control_planes, found.workers, found.forget) == (["cp2"], ["w1", "w2"], [])


def test_a_cluster_that_is_there_is_left_alone() -> None:
    found = decide(NODES, {"cp1": LEADER, "cp2": LEADER, "w1": WORKER, "w2": WORKER})
    assert (found.admin, found.init, found.control_planes, found.workers, found.problems) == ("cp1", False, [], [], [])


def test_a_reinstalled_first_control_plane_joins_the_cluster_of_the_second_one() -> None:
    found = decide(NODES, {"cp1": NEW, "cp2": LEADER, "w1": WORKER, "w2": WORKER})
    assert (found.admin, found.init, found.control_planes, found.workers) == ("cp2", False, ["cp1"], [])


@pytest.mark.parametrize("seen", [NEW, Seen(UNFINISHED), Seen(UNFINISHED, True)])
def test_no_cluster_is_made_while_a_control_plane_can_not_be_looked_at(seen: Seen) -> None:
    found = decide(NODES, {"cp1": seen, "w1": NEW, "w2": NEW})
    assert found.admin is None and not found.init and found.workers == []
    (problem,) = found.problems
    assert "cp2 could not be looked at" in problem and "--limit" in problem


def test_an_existing_cluster_is_served_by_the_control_plane_that_can_be_reached() -> None:
    found = decide(NODES, {"cp2": LEADER, "w1": WORKER, "w2": NEW})
    assert (found.admin, found.init, found.control_planes, found.workers, found.problems) == (
        "cp2",
        False,
        [],
        ["w2"],
        [],
    )


def test_a_worker_that_can_not_be_reached_is_left_out() -> None:
    found = decide(NODES, {"cp1": NEW, "cp2": NEW, "w1": NEW})
    assert (found.init, found.workers, found.problems) == (True, ["w1"], [])


def test_what_was_cut_is_done_again_and_its_node_is_forgotten_first() -> None:
    found = decide(NODES, {"cp1": LEADER, "cp2": Seen(UNFINISHED, True), "w1": Seen(UNFINISHED), "w2": NEW})
    assert (found.control_planes, found.workers, found.forget) == (["cp2"], ["w1", "w2"], ["cp2", "w1"])


def test_where_init_was_cut_there_is_no_node_to_forget() -> None:
    found = decide(NODES, {"cp1": Seen(UNFINISHED, True), "cp2": NEW, "w1": Seen(UNFINISHED), "w2": NEW})
    assert (found.admin, found.init, found.forget) == ("cp1", True, [])


def test_members_without_a_control_plane_stop_everything() -> None:
    found = decide(NODES, {"cp1": NEW, "cp2": NEW, "w1": WORKER, "w2": NEW})
    (problem,) = found.problems
    assert not found.init and "w1: in a cluster" in problem and "cluster_reset" in problem


def test_a_member_of_another_cluster_is_named() -> None:
    found = decide(NODES, {"cp1": LEADER, "cp2": LEADER, "w1": Seen(MEMBER, False, "b"), "w2": NEW})
    (problem,) = found.problems
    assert found.workers == [] and "w1 is in another cluster than cp1" in problem


def test_a_worker_does_not_become_a_control_plane_by_itself() -> None:
    found = decide(NODES, {"cp1": LEADER, "cp2": WORKER, "w1": WORKER, "w2": WORKER})
    (problem,) = found.problems
    assert "cp2 is in the cluster as a worker" in problem and "node_remove" in problem


def test_a_plan_without_a_control_plane() -> None:
    found = decide({"w1": NODES["w1"]}, {"w1": NEW})
    assert found.problems == ["the plan has no control plane: name one in the group kube_control_plane"]
