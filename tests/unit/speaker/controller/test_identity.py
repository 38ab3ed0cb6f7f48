# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of a controller, and that of the dead one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dualstack_speaker.controller.identity import Identity


def test_who_comes_next_knows_who_was_there(tmp_path: Path) -> None:
    first = Identity("node1", str(tmp_path))
    assert first.predecessor == "" and first.name.startswith("node1_")
    first.close()
    second = Identity("a-longer-name-than-before", str(tmp_path))
    assert second.predecessor == first.name != second.name
    second.close()
    third = Identity("n", str(tmp_path))
    assert third.predecessor == second.name
    third.close()


def test_a_place_that_is_taken(tmp_path: Path) -> None:
    first = Identity("node1", str(tmp_path))
    with pytest.raises(BlockingIOError, match="another controller runs with this file"):
        Identity("node1", str(tmp_path))
    first.close()
    assert Identity("node1", str(tmp_path)).predecessor == first.name, "and nothing was written by it"
