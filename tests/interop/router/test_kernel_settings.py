# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kernel_settings`` on the kernel of a network namespace."""

from __future__ import annotations

from typing import Any

from interop.router.box import Box

PATH = "/etc/sysctl.d/70-test.conf"
SETTINGS = {
    "net.ipv4.conf.all.rp_filter": 2,
    "net/ipv6/conf/all/accept_ra": 2,
    "net.ipv4.ip_local_port_range": "20000 30000",
}


def bring(box: Box, **arguments: Any) -> dict[str, Any]:
    return box.module("kernel_settings", **{"path": PATH, "settings": SETTINGS, **arguments})


def value(box: Box, name: str) -> list[str]:
    return box.run("cat", f"/proc/sys/{name}").split()


def test_file_and_kernel_follow_and_stay(box: Box) -> None:
    before = value(box, "net/ipv4/ip_local_port_range")
    foreseen = bring(box, check=True)
    assert foreseen["changed"] and foreseen["set"] == list(SETTINGS)
    assert value(box, "net/ipv4/ip_local_port_range") == before
    done = bring(box)
    assert done["set"] == foreseen["set"] and done["diff"] == foreseen["diff"]
    assert value(box, "net/ipv4/ip_local_port_range") == ["20000", "30000"]
    assert "net/ipv6/conf/all/accept_ra = 2\n" in box.read(PATH)
    assert not bring(box)["changed"]


def test_a_value_that_somebody_changed_is_set_again(box: Box) -> None:
    bring(box)
    box.run("/bin/sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter")
    again = bring(box)
    assert again["changed"] and again["set"] == ["net.ipv4.conf.all.rp_filter"]
    assert value(box, "net/ipv4/conf/all/rp_filter") == ["2"]


def test_an_unknown_setting_changes_nothing(box: Box) -> None:
    result = bring(box, settings={**SETTINGS, "net.ipv9.ip_forward": 1})
    assert result["failed"] and "net.ipv9.ip_forward" in result["msg"]
    assert value(box, "net/ipv4/conf/all/rp_filter") == ["0"]
