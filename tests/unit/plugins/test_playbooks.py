# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as far as they go without a host: no inventory, a plan in short, secrets that are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


def play(checkout: Path, folder: Path, name: str, *words: str) -> tuple[int, str]:
    """The exit status and the output of a playbook."""
    command = [
        str(PLAYBOOK),
        *words,
        "-e",
        f"dualstack_artifacts={folder}",
        str(checkout / "playbooks" / f"{name}.yml"),
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def demo(checkout: Path) -> list[str]:
    return ["-i", str(checkout / "examples" / "demo" / "inventory.yml")]


def test_without_an_inventory_the_run_says_so(checkout: Path, tmp_path: Path) -> None:
    status, said = play(checkout, tmp_path, "plan")
    assert status != 0 and "Was the inventory given (-i INVENTORY)" in said
    assert "missing-key" not in said and not list(tmp_path.iterdir())


def test_a_plan_is_shown_in_short(checkout: Path, tmp_path: Path) -> None:
    status, said = play(checkout, tmp_path, "plan", *demo(checkout))
    assert status == 0, said
    assert "of demo: 6 routers, 3 nodes, 3 clients" in said and "sessions: 8 of nodes, 10 between routers" in said
    assert "VIPs: 6 IPv4 (4 by BGP, 2 by layer 2), 6 IPv6 (4 by BGP, 2 by layer 2)" in said
    assert (tmp_path / "demo" / "plan.yml").exists()


@pytest.mark.parametrize("value", [None, "two words that nobody should see"])
def test_secrets_are_looked_for_before_any_host(value: str | None, checkout: Path, tmp_path: Path) -> None:
    """No host of the demo is there: a run that got that far would fail by not reaching one."""
    given = [] if value is None else ["-e", f'{{"dualstack_secrets": {{"bgp-auth": "{value}"}}}}']
    status, said = play(checkout, tmp_path, "site", *demo(checkout), *given)
    assert status != 0 and "No host was touched" in said and "PLAY [Routers]" not in said
    wrong = "was not given" if value is None else "has spaces or characters that are not ASCII"
    assert f"bgp-auth (br1, br2, isp1 and 6 more) {wrong}" in said
    assert value is None or value not in said
