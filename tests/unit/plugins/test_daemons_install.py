# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that install daemons ask for before they do anything, and what they say of users."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.baremetal.dualstack.plugins.module_utils import daemon_user, daemons_install, speaker_host
from ansible_collections.baremetal.dualstack.plugins.modules import controller_install

NAME = "dualstack-controller-of-this-test.pyz"
PROGRAM = b"a program"
DIGEST = hashlib.sha256(PROGRAM).hexdigest()


def lacking(capsys: pytest.CaptureFixture[str], access: dict[str, Any], **given: Any) -> list[str]:
    base: dict[str, Any] = {
        "bundles": {"controller": NAME},
        "digests": {"controller": DIGEST},
        "files": {},
        "units": {"dualstack-controller.service": "[Service]\n"},
        "access": access,
        "_ansible_check_mode": True,
    }
    with patch_module_args({**base, **given}), pytest.raises(SystemExit):
        controller_install.main()
    told = json.loads(capsys.readouterr().out)
    assert not told.get("failed") and not told["changed"] and told["units"] == [], told
    return list(told["lacking"])


def test_nothing_is_done_as_long_as_something_is_lacking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    access = {"path": str(tmp_path / "token"), "account": "metallb-system:dualstack-controller"}
    assert lacking(capsys, access) == ["programs", "token"]
    assert lacking(capsys, {**access, "token": ""}) == ["programs"]
    assert lacking(capsys, {"path": access["path"]}) == ["programs"]
    carried = {"controller": base64.b64encode(PROGRAM).decode()}
    assert lacking(capsys, access, contents=carried) == ["token"]
    assert not (tmp_path / "token").exists()


def test_a_program_of_the_host_is_used_only_as_it_was_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker_host, "LIBRARY", str(tmp_path))
    assert daemons_install.installed(NAME, DIGEST) is None
    (tmp_path / NAME).write_bytes(PROGRAM)
    assert daemons_install.installed(NAME, DIGEST) == PROGRAM
    (tmp_path / NAME).write_bytes(PROGRAM + b", changed by hand")
    assert daemons_install.installed(NAME, DIGEST) is None


def test_a_user_that_differs() -> None:
    new = daemon_user.difference("no-such-user", "Nobody")
    assert new["before"] == "" and new["after"].startswith("no-such-user: Nobody")
    assert daemon_user.difference("root", "Somebody else")["before"].startswith("root: root, /root")
