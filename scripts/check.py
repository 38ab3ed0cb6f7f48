# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks of a group, all of them also when one fails, and says at the end which failed.

check.py GROUP|CHECK…      lint, unit, all, soak, or the names of single checks; ``list`` shows them. The group all
                           leaves out soak: what takes hours, clusters of further shapes, and what wants the machine
                           for itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import links
from running import Check, Lane, run_all, tell

DAEMONS, LAB = Lane.DAEMONS, Lane.LAB
SOAK = "soak"
TREE = ["tests/unit/test_repository.py", "tests/unit/test_architecture.py"]  # of the files, not of what they do
# Of the daemons, what starts processes or opens sockets; it wants a core when it wants one, as real daemons do.
PROCESSES = [f"tests/unit/speaker/{name}" for name in ("controller", "kube", "observe", "sources", "speaker", "wire")]
# On the oldest Python of hosts: what runs on hosts. What is planned, checked, explained and written where Ansible runs
# is there as a whole: every file is loaded, and every example becomes what it should.
OF_HOSTS = [f"tests/unit/core/{name}" for name in ("addresses", "allocation", "announcing", "components", "kubernetes")]
OF_HOSTS += [f"tests/unit/core/{name}" for name in ("resources", "routers")]
OF_HOSTS += ["tests/unit/test_loading.py", "tests/unit/speaker", "tests/golden"]
# Detection times of 150 to 300 ms, which a machine that is busy with other tests can't keep.
TIMED = ("tests/interop/test_bfd.py", "tests/interop/test_bfd_bird.py")
APART = ("tests/interop/router", "tests/interop/matrix")
# Those that share the demo fabric of tests/lab/conftest.py; the others have labs of their own.
FABRIC = [f"tests/lab/test_{name}.py" for name in ("crash", "day2", "faults", "site", "upgrade")]
PYTEST = ["python3", "-m", "pytest", "-q"]
OLDEST = ["python3", "scripts/oldest.py", "-m", "pytest", "-q", "--hypothesis-profile=brief"]
BUSY = ["--numprocesses", "2", "--dist", "worksteal"]  # tests that keep a core busy
WAITING = ["--numprocesses", "3", "--dist", "worksteal"]  # tests that mostly wait for daemons
BY_FILE = ["--numprocesses", "2", "--dist", "loadfile"]  # the tests of a file share a control plane
KUBERNETES = ["etcd", "etcdctl", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler", "kube-proxy"]
KUBERNETES += ["kubeadm", "kubelet", "coredns", "server", "metallb-controller", "metallb-speaker", "flannel-config"]
# Clusters of their own, beside that of tests/kubernetes/conftest.py.
OWN = ("families", "control_planes", "conversion")
FAMILIES, CONTROL_PLANES, CONVERSION = OWN_CLUSTERS = [f"tests/kubernetes/test_{name}.py" for name in OWN]
OTHER_KUBERNETES = "1.35.4"
COMPONENTS = ["tests/cluster/test_kubeadm_documents.py", "tests/cluster/test_component_limits.py"]
DOCS = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck"]


def without(paths: Iterable[str]) -> list[str]:
    """What tells pytest to leave paths out."""
    return [f"--ignore={path}" for path in paths]


def checks() -> list[Check]:
    """All checks, in the order in which they run."""
    collection = str(links.make() / "ansible_collections" / "baremetal" / "dualstack")
    return [
        Check("ruff", "lint", ["ruff", "check", "."]),
        Check("format", "lint", ["ruff", "format", "--check", "."]),
        Check("mypy", "lint", ["mypy", "-p", "dualstack", "-p", "dualstack_speaker"]),
        Check("mypy-faces", "lint", ["mypy", "-p", "ansible_collections.baremetal.dualstack.plugins", "-p", "lab"]),
        Check("mypy-scripts", "lint", ["mypy", "--python-version", "3.11", "scripts"]),
        Check("yamllint", "lint", ["yamllint", "--strict", "."]),
        Check("changelog", "lint", ["antsibull-changelog", "lint"]),
        Check("docs", "lint", [*DOCS, collection]),
        Check("reference", "lint", ["python3", "scripts/docs.py"]),
        Check("repository", "lint", [*PYTEST, *TREE]),
        Check("ansible-lint", "lint", ["ansible-lint", "--profile", "production", "--offline"]),
        Check("unit", "unit", [*PYTEST, "tests/unit", "tests/golden", *without([*TREE, *PROCESSES])], BUSY),
        Check("oldest", "unit", [*OLDEST, *OF_HOSTS, *without(PROCESSES)], BUSY),
        Check("cores", "all", ["python3", "scripts/cores.py", "ends"]),
        Check("sanity", "all", ["python3", "scripts/sanity.py"]),
        # What may have to be built, for many minutes, is built beside the first lab.
        Check("kubernetes", "all", ["python3", "tests/cluster/building.py", *KUBERNETES], lane=DAEMONS),
        Check("fabric", "all", [*PYTEST, "-m", "not soak", *FABRIC], lane=LAB),
        Check("cluster-lab", "all", [*PYTEST, "-m", "not soak", "tests/kubernetes", *without(OWN_CLUSTERS)], lane=LAB),
        Check("families", "all", [*PYTEST, "-m", "not soak", FAMILIES], lane=LAB),
        Check("lab", "all", [*PYTEST, "tests/lab", *without(FABRIC)], lane=LAB),
        Check("molecule", "all", ["molecule", "test"], lane=LAB),
        Check("router", "all", [*PYTEST, "tests/interop/router"], lane=DAEMONS),
        Check("interop", "all", [*PYTEST, "tests/interop", *without([*APART, *TIMED])], WAITING, lane=DAEMONS),
        Check("cluster", "all", [*PYTEST, "tests/cluster"], BY_FILE, lane=DAEMONS),
        Check("pods", "all", [*PYTEST, "tests/pods"], lane=DAEMONS),
        Check("faults", "all", [*PYTEST, "tests/faults"], lane=DAEMONS),
        Check("processes", "unit", [*PYTEST, *PROCESSES], WAITING, lane=DAEMONS),
        Check("oldest-processes", "unit", [*OLDEST, *PROCESSES], WAITING, lane=DAEMONS),
        Check("matrix", "all", [*PYTEST, "tests/interop/matrix"], lane=DAEMONS),
        Check("page", "all", [*PYTEST, "tests/page"], lane=DAEMONS),
        Check("timed", SOAK, [*PYTEST, *TIMED]),
        Check("fabric-faults", SOAK, [*PYTEST, "-m", "soak", *FABRIC]),
        Check("cluster-faults", SOAK, [*PYTEST, "-m", "soak", "tests/kubernetes", *without(OWN_CLUSTERS)]),
        Check("control-planes", SOAK, [*PYTEST, CONTROL_PLANES]),
        Check("conversion", SOAK, [*PYTEST, CONVERSION]),
        Check("all-families", SOAK, [*PYTEST, "-m", "soak", FAMILIES]),
        Check("cores-between", SOAK, ["python3", "scripts/cores.py", "between"]),
        Check("sanity-tests", SOAK, ["python3", "scripts/sanity.py", "all"]),
        Check("components", SOAK, ["env", f"DUALSTACK_TEST_KUBERNETES={OTHER_KUBERNETES}", *PYTEST, *COMPONENTS]),
        Check("fault-runs", SOAK, ["python3", "tests/faults/run.py"]),
        Check("fuzz", SOAK, ["python3", "tests/fuzz/run.py"]),
        Check("soak", SOAK, [*PYTEST, "--hypothesis-profile=soak", "-m", "soak", "tests/unit"]),
    ]


def main(words: list[str]) -> int:
    everything = checks()
    if words == ["list"]:
        print("\n".join(f"{check.group:6} {check.name}" for check in everything))
        return 0
    known = {check.name for check in everything} | {check.group for check in everything}
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        sys.exit(f"unknown: {' '.join(unknown)}; known are {' '.join(sorted(known))}")
    chosen = [
        check
        for check in everything
        if check.group in words or check.name in words or ("all" in words and check.group != SOAK)
    ]
    return tell(run_all(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
