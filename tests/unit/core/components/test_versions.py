# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of versions: every rule holds from the oldest version on, and changes where Kubernetes changed."""

from __future__ import annotations

from pathlib import Path

import generated
import pytest

from dualstack.components import describe
from dualstack.components.versions import (
    CHANGES,
    HARMLESS,
    NEEDED,
    NEWEST,
    OLDEST,
    REFUSED,
    Rules,
    Version,
    nearest,
    rules,
)


def of(minor: int) -> Rules:
    return rules(Version(minor, 0))


@pytest.mark.parametrize(("text", "version"), [("1.36.3", Version(36, 3)), ("v1.20.0", Version(20, 0))])
def test_versions_are_read(text: str, version: Version) -> None:
    assert Version.parse(text) == version
    assert str(version) == text.lstrip("v")


@pytest.mark.parametrize("text", ["", "1.36", "2.0.0", "1.36.3-rc.1", "v1.36.3+k3s1", "1.36.3 "])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 1\.36\.3"):
        Version.parse(text)


def test_every_rule_is_said_of_the_oldest_version_and_rises() -> None:
    for field in Rules._fields:
        own = [change for change in CHANGES if change.key == field]
        assert own[0].since == OLDEST, field
        assert [change.since for change in own] == sorted({change.since for change in own}), field
        assert all(one.value != other.value for one, other in zip(own, own[1:])), field
        assert own[-1].since <= NEWEST
    assert {change.key for change in CHANGES} == set(Rules._fields)
    assert all(change.words and change.source for change in CHANGES)


@pytest.mark.parametrize("minor", [OLDEST - 1, NEWEST + 1])
def test_what_the_table_does_not_have_is_refused(minor: int) -> None:
    with pytest.raises(ValueError, match=r"the table has 1\.20 to 1\.37"):
        of(minor)
    assert nearest(Version(minor, 0)) == of(min(max(minor, OLDEST), NEWEST))


@pytest.mark.parametrize(
    ("minor", "gate", "api", "reads", "proxy"),
    [
        (20, NEEDED, "v1beta2", ("v1beta1", "v1beta2"), "iptables"),
        (21, HARMLESS, "v1beta2", ("v1beta1", "v1beta2"), "iptables"),
        (22, HARMLESS, "v1beta3", ("v1beta2", "v1beta3"), "iptables"),
        (24, HARMLESS, "v1beta3", ("v1beta2", "v1beta3"), "iptables"),
        (25, REFUSED, "v1beta3", ("v1beta2", "v1beta3"), "iptables"),
        (27, REFUSED, "v1beta3", ("v1beta3",), "iptables"),
        (31, REFUSED, "v1beta4", ("v1beta3", "v1beta4"), "iptables"),
        (33, REFUSED, "v1beta4", ("v1beta3", "v1beta4"), "nftables"),
        (37, REFUSED, "v1beta4", ("v1beta3", "v1beta4"), "nftables"),
    ],
)
def test_what_holds_for_a_version(minor: int, gate: str, api: str, reads: tuple[str, ...], proxy: str) -> None:
    found = of(minor)
    assert (found.dual_stack_gate, found.kubeadm_writes, found.kubeadm_reads) == (gate, api, reads)
    assert found.kubeadm_writes in found.kubeadm_reads
    assert found.arguments_as_list == (api == "v1beta4")
    assert found.proxy_default == proxy
    assert found.proxy_default in found.proxy_modes


@pytest.mark.parametrize("minor", range(OLDEST, NEWEST + 1))
def test_kubeadm_gets_the_gate_only_where_it_is_needed(minor: int) -> None:
    found = of(minor)
    assert found.dual_stack_gate != NEEDED or found.kubeadm_gate


def test_the_page_has_the_table(checkout: Path) -> None:
    generated.check(checkout / "docs" / "components.md", "the table of versions", describe.markdown())
