# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the CustomResourceDefinitions, asked of a real API server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster.api import ApiError
from cluster.broken_objects import BROKEN, SOUND, Case
from cluster.control_plane import ControlPlane

from dualstack.findings import has_errors
from dualstack.kubernetes.crds import crds
from dualstack.resources import modes
from dualstack.resources.collection import parse

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PLURALS = {entry["spec"]["names"]["kind"]: entry["spec"]["names"]["plural"] for entry in crds()}


@pytest.fixture(scope="module")
def definitions(cluster: ControlPlane) -> ControlPlane:
    """The control plane with our definitions."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=listed(crds()))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    return cluster


def listed(items: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def built(case: Case) -> dict[str, Any]:
    version = f"metallb.io/{case.version}"
    return {"apiVersion": version, "kind": case.kind, "metadata": {"name": case.name}, "spec": case.spec}


def path(case: Case, namespace: str = "default") -> str:
    return f"/apis/metallb.io/{case.version}/namespaces/{namespace}/{PLURALS[case.kind]}"


def refused(cluster: ControlPlane, case: Case) -> str:
    """What the API server has against an object; empty: nothing. Nothing is stored."""
    try:
        cluster.api.create(f"{path(case)}?dryRun=All", built(case))
    except ApiError as error:
        return str(error)
    return ""


def named(cases: tuple[Case, ...]) -> list[Any]:
    return [pytest.param(case, id=f"{case.kind}-{case.name}") for case in cases]


@pytest.mark.parametrize("case", named(BROKEN))
def test_what_is_broken(definitions: ControlPlane, case: Case) -> None:
    """MetalLB 1.4-1.8, 3.1-3.4: refused by schema, webhook or loader there; here by the API server alone.

    MetalLB 3.1.4, 3.1.8, 6.1, 6.3.
    """
    message = refused(definitions, case)
    assert (case.said in message) if case.said else not message, message
    assert "hunter2" not in message
    if case.name.startswith("backwards"):
        assert "share addresses" not in message, "one mistake, one reason"
    findings = parse([built(case)], modes.speaker)[1]
    assert has_errors(findings) != case.reads, findings
    assert bool(case.why) == (bool(message) == case.reads), "a difference needs a reason, and only a difference"


@pytest.mark.parametrize("case", named(SOUND))
def test_what_is_sound(definitions: ControlPlane, case: Case) -> None:
    """MetalLB 3: what it accepts and what works is accepted."""
    assert not refused(definitions, case)
    assert not has_errors(parse([built(case)], modes.speaker)[1])


def test_who_says_what(definitions: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as a table: pytest -s shows it."""
    said = [(case, bool(refused(definitions, case))) for case in BROKEN]
    lines = [
        f"{case.kind:16} {case.name:26} API server {'refuses' if no else 'takes':8} reader "
        f"{'takes' if case.reads else 'refuses':8} {case.why}".rstrip()
        for case, no in said
    ]
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert len(BROKEN) >= 60
    assert sum(no for _unused, no in said) >= 100


def rendered(name: str) -> list[Any]:
    return [pytest.param(path, id=path.parent.name) for path in sorted(GOLDEN.glob(f"*/**/{name}"))]


@pytest.mark.parametrize("tree", rendered("resources.yml"))
def test_what_we_render_is_accepted(definitions: ControlPlane, tree: Path) -> None:
    objects = yaml.safe_load(tree.read_text(encoding="utf-8"))
    ours = [each for each in objects if str(each["apiVersion"]).startswith("metallb.io/")]
    assert ours
    for each in ours:
        each["metadata"]["namespace"] = "default"
    definitions.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=listed(ours))


@pytest.mark.parametrize("tree", rendered("kubernetes.yml"))
def test_what_runs_inside_a_cluster_is_accepted(definitions: ControlPlane, tree: Path) -> None:
    objects = yaml.safe_load(tree.read_text(encoding="utf-8"))
    assert {"DaemonSet", "Deployment", "ServiceAccount"} <= {each["kind"] for each in objects}
    definitions.apply([each for each in objects if each["kind"] == "Namespace"])
    definitions.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=listed(objects[1:]))
