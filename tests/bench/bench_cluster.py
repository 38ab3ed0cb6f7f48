# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster from bare hosts to its evidence, and ``site.yml`` with nothing to do beside the usual way of doing that.

The lab of examples/kubernetes is made anew and taken away afterwards; ``--root`` is of no use here. It begins with bare
hosts that run, and ends with all evidence green: site.yml, Deployments, evidence. Then runs that change nothing, by
turns: site.yml, and ``usual_way.yml``, which has a module run for each setting, file and service of a node. Counted are
the seconds of every task on the nodes, from its start on a host to its result, without routers and the controller. At
last kube-apiserver gets a flag that prevents its start: how long until it is healthy again.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

import usual_way  # noqa: E402
from driver import Run  # noqa: E402
from machine import options, say  # noqa: E402
from measurements import row  # noqa: E402
from real_cluster import RealCluster, real_cluster  # noqa: E402

SITE, USUAL, NO_START = "site", "../tests/bench/usual_way", "../tests/bench/no_start"


def counted(cluster: RealCluster, playbook: str, *words: str) -> float:
    """Task-seconds per node of a run that must change nothing."""
    kept = cluster.folder / "seconds.json"
    os.environ["TASK_SECONDS"] = str(kept)
    run: Run = cluster.playbook(playbook, *words).require()
    nodes = set(cluster.plan()["nodes"])
    if changed := [each for each in run.changed if each[1] in nodes]:
        sys.exit(f"{playbook} changed something in a run that had nothing to do: {changed}")
    return sum(seconds for host, _task, seconds in json.loads(kept.read_text()) if host in nodes) / len(nodes)


def rolled_back(cluster: RealCluster) -> float:
    """Seconds from a flag that prevents kube-apiserver from starting until it is healthy again without it."""
    kept = cluster.folder / "seconds.json"
    os.environ["TASK_SECONDS"] = str(kept)
    run: Run = cluster.playbook(NO_START)
    if run.code == 0 or not any("it is up again" in failure for failure in run.failures()):
        sys.exit(f"kube-apiserver was not rolled back: {run.failures()} {run.stderr[-1000:]}")
    return max(seconds for _host, _task, seconds in json.loads(kept.read_text()))


def main() -> None:
    """Prints the rows."""
    given = options(__doc__)
    os.environ["ANSIBLE_CALLBACK_PLUGINS"] = str(HERE / "callbacks")
    os.environ["ANSIBLE_CALLBACKS_ENABLED"] = "task_seconds"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TASK_SECONDS"] = str(Path(scratch) / "first.json")
        with real_cluster("bench", Path(scratch)) as cluster:
            began = time.monotonic()
            cluster.prove()
            taken = time.monotonic() - began
            say(f"from bare hosts: {taken:.1f} s")
            variables = cluster.folder / "usual.json"
            variables.write_text(json.dumps({"usual": usual_way.gathered(cluster)}), encoding="utf-8")
            ours, usual = [], []
            for _unused in range(1 if given.quick else 3):
                ours.append(counted(cluster, SITE))
                usual.append(counted(cluster, USUAL, "-e", f"@{variables}"))
                say(f"task-seconds per node: {ours[-1]:.2f}, the usual way {usual[-1]:.2f}")
            back = [rolled_back(cluster) for _unused in range(1 if given.quick else 3)]
            say(f"rolled back: {back} s")
    share = statistics.median(ours) / statistics.median(usual)
    rows = [
        row("cluster_from_bare_hosts_s", [taken], "s"),
        row("site_unchanged_task_seconds", ours, "s", ("a task for each setting", usual)),
        row("site_unchanged_share_of_usual", [share], ""),
        row("apiserver_rollback_s", back, "s"),
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
