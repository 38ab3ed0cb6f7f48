# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR's own check takes the rendering of every router of every example, and can refuse one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fabrics
import pytest
from interop.router.box import Box

from dualstack.plan.build import make
from dualstack.render import frr

PATH = "/tmp/checked.conf"


@pytest.fixture(scope="module")
def checker(root: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    made = Box("checker", root, tmp_path_factory.mktemp("checker"), checkout)
    yield made
    made.end()


def check(box: Box, text: str) -> str:
    box.write(PATH, text)
    return box.run("vtysh", "-C", "-f", PATH)


@pytest.mark.parametrize("example", fabrics.names())
def test_every_router_of_every_example(checker: Box, example: str) -> None:
    plan, findings = make(*fabrics.read(example))
    assert plan is not None, findings
    for router, facts in plan["routers"].items():
        if facts["asn"] is not None:
            text = frr.render(plan, router).replace("@secret:", "secret-").replace("@\n", "\n")
            check(checker, text)


def test_the_check_can_fail(checker: Box) -> None:
    plan, findings = make(*fabrics.read("unnumbered"))
    assert plan is not None, findings
    with pytest.raises(AssertionError, match="Unknown command"):
        check(checker, frr.render(plan, "spine").replace("v6only remote-as", "v6only remote-ass"))
