# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read otherwise than it looks is told by every collection that feeds one of our processes."""

from __future__ import annotations

import pytest
from manifests import pool

from dualstack.findings import WARNING
from dualstack.resources import modes, readings
from dualstack.resources.collection import Collection, Judge


@pytest.mark.parametrize("judge", [modes.speaker, readings.judge])
@pytest.mark.parametrize(
    ("text", "network", "instead"),
    [
        ("192.168.1.10/24", "192.168.1.0/24", "192.168.1.10-192.168.1.255"),
        ("2001:db8::10/120", "2001:db8::/120", "2001:db8::10-2001:db8::ff"),
    ],
)
def test_host_bits_are_told_with_both_readings_and_refuse_nothing(
    judge: Judge, text: str, network: str, instead: str
) -> None:
    """MetalLB 3.1: host bits are dropped silently."""
    collection = Collection(judge)
    assert collection.put(pool("p", text))
    (finding,) = collection.findings()
    assert (finding.id, finding.severity, finding.value) == ("host-bits", WARNING, text)
    assert finding.path == "IPAddressPool p: spec.addresses[0]"
    assert network in finding.reason
    assert network in finding.fix
    assert instead in finding.fix
    assert not collection.lost


@pytest.mark.parametrize("judge", [modes.speaker, readings.judge])
@pytest.mark.parametrize("text", ["192.168.1.0/24", "192.168.1.10-192.168.1.12", "2001:db8::/120", "2001:db8::10/128"])
def test_what_means_what_it_says_is_passed_over(judge: Judge, text: str) -> None:
    collection = Collection(judge)
    collection.put(pool("p", text))
    assert collection.findings() == []
