# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``cluster_access`` and ``daemon_token``: how a host comes to its credentials, on a real API server."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from cluster.control_plane import ControlPlane

from ansible_collections.baremetal.dualstack.plugins.module_utils import daemon_token
from ansible_collections.baremetal.dualstack.plugins.modules import cluster_access
from dualstack.kubernetes import rbac, secrets

ACCOUNT = f"metallb-system:{rbac.SPEAKER}"
KEY = "0123456789abcdef" * 4
Object = dict[str, Any]


def run(capsys: pytest.CaptureFixture[str], module: ModuleType, **given: Any) -> Object:
    with patch_module_args({"_ansible_diff": True, **given}), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def access(cluster: ControlPlane) -> Object:
    """What the modules are given; the account and the key of heartbeats are there."""
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "metallb-system"}}
    items = [home, *rbac.objects("metallb-system"), secrets.of_heartbeats(KEY, "metallb-system")]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=given)
    return {
        "account": rbac.SPEAKER,
        "kubectl": cluster.kubectl_command()[0],
        "kubeconfig": str(cluster.admin),
    }


@pytest.mark.root
def test_a_host_comes_to_its_token(
    cluster: ControlPlane, access: Object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looked_up = run(capsys, cluster_access, **access, heartbeat_key=True)
    assert looked_up["heartbeat_key"] == KEY and looked_up["token"] == "" and not looked_up["changed"]
    assert looked_up["api"]["server"] == cluster.url and looked_up["api"]["namespace"] == "metallb-system"
    assert looked_up["api"]["certificate_authority"]

    file = tmp_path / "own" / "token"

    def looked(token: str | None = None, account: str = ACCOUNT) -> daemon_token.Access:
        given = {"path": str(file), "account": account, "uid": looked_up["uid"], "token": token}
        return daemon_token.look(given, "root")

    assert looked().reason == "there is none" and looked().lacking and not looked().changed(False)
    foreseen = looked("")
    assert foreseen.changed(True) and not foreseen.changed(False) and not foreseen.lacking
    token = run(capsys, cluster_access, **access, token_hours=24)["token"]
    assert run(capsys, cluster_access, **access, token_hours=24, _ansible_check_mode=True)["token"] == ""
    fresh = looked(token)
    assert fresh.changed(False) and token not in json.dumps(fresh.diff())
    fresh.apply()
    assert file.read_text(encoding="utf-8").strip() == token
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not looked().lacking and not looked(token).changed(False)
    assert looked(account=f"metallb-system:{rbac.CONTROLLER}").reason == "it is of another account"

    kubeconfig = cluster.token_kubeconfig("host", file)
    assert "services" in cluster.kubectl("auth", "can-i", "--list", kubeconfig=kubeconfig)
    none = looked(account="")
    assert none.changed(False) and not none.lacking
    none.apply()
    assert not file.exists() and not looked(account="").changed(False)


def test_an_account_that_is_not_there_yet(access: Object, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, cluster_access, **{**access, "account": "absent"}, server="https://[2001:db8::1]:6443")
    assert (found["uid"], found["token"], found["api"]["server"]) == ("", "", "https://[2001:db8::1]:6443")


def test_a_refusal_is_told(access: Object, capsys: pytest.CaptureFixture[str]) -> None:
    failed = run(capsys, cluster_access, **{**access, "kubectl": "/nowhere/kubectl"})
    assert failed["failed"] and "cannot be run" in failed["msg"]
