# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""containerd's configuration for each of its generations, and where programs come from."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from fabrics import plan_of

from dualstack.components import containerd, programs

SETTINGS = containerd.Settings("registry.example/pause:3.10.2", "systemd", True)


def parsed(text: str) -> dict[str, Any]:
    if sys.version_info < (3, 11):
        pytest.skip("needs tomllib")
    import tomllib

    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1", (1, 6, 20)),
        ("containerd github.com/containerd/containerd v1.7.24 \n", (1, 7, 24)),
        ("containerd containerd.io 1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da", (1, 7, 27)),
        ("containerd github.com/containerd/containerd/v2 v2.2.9 abc", (2, 2, 9)),
    ],
)
def test_versions_are_read(text: str, release: tuple[int, int, int]) -> None:
    assert containerd.version(text) == release


def test_what_is_no_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="not what containerd --version prints"):
        containerd.version("podman version 5")


@pytest.mark.parametrize("release", [(1, 6, 20), (1, 7, 24)])
def test_the_shape_of_1_x(release: tuple[int, int, int]) -> None:
    found = parsed(containerd.config(release, SETTINGS))
    plugin = found["plugins"]["io.containerd.grpc.v1.cri"]
    assert found["version"] == 2
    assert plugin["sandbox_image"] == SETTINGS.sandbox_image
    assert plugin["restrict_oom_score_adj"] is True
    assert plugin["containerd"]["runtimes"]["runc"]["options"] == {"SystemdCgroup": True}


@pytest.mark.parametrize("release", [(2, 0, 0), (2, 2, 9)])
def test_the_shape_of_2_x(release: tuple[int, int, int]) -> None:
    found = parsed(containerd.config(release, SETTINGS._replace(cgroup_driver="cgroupfs")))
    assert found["version"] == 3
    assert found["plugins"]["io.containerd.cri.v1.images"]["pinned_images"] == {"sandbox": SETTINGS.sandbox_image}
    runtime = found["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is True
    assert runtime["containerd"]["runtimes"]["runc"]["options"] == {"SystemdCgroup": False}


@pytest.mark.parametrize("release", [(1, 7, 24), (2, 2, 9)])
def test_without_a_sandbox_image_containerd_keeps_its_own(release: tuple[int, int, int]) -> None:
    text = containerd.config(release, containerd.Settings())
    assert "sandbox" not in text and parsed(text)


def plan() -> dict[str, Any]:
    def runs(intent: dict[str, Any], _hosts: dict[str, Any]) -> None:
        configuration = {"kubelet": {"cgroupDriver": "cgroupfs"}}
        intent["cluster"]["kubernetes"] = {"version": "1.36.3", "configuration": configuration}

    return plan_of(change=runs)


def test_packages_of_kubernetes_are_pinned_and_held_and_those_of_the_host_are_not() -> None:
    found = programs.wanted(plan(), "node1", "packages", packages=["containerd"])
    assert found["packages"][0] == {"name": "containerd", "version": "", "held": False}
    assert found["packages"][1:] == [
        {"name": name, "version": "1.36.3", "held": True} for name in ("kubeadm", "kubectl", "kubelet")
    ]
    assert found["downloads"] == [] and found["cgroup_driver"] == "cgroupfs"


def test_a_mirror_has_the_programs_of_the_planned_version_and_the_rest_comes_after_them() -> None:
    more = {"url": "http://m.example/runc", "sha256": "0" * 64, "dest": "/usr/local/sbin/runc"}
    checksums = {"kubelet": "1" * 64}
    found = programs.wanted(
        plan(), "node1", "mirror", mirror="http://m.example/", checksums=checksums, downloads=[more]
    )
    urls = [each["url"] for each in found["downloads"]]
    assert urls[2] == "http://m.example/v1.36.3/bin/linux/{arch}/kubelet" and urls[3] == more["url"]
    assert [each["sha256"] for each in found["downloads"]] == ["", "", "1" * 64, "0" * 64]


def test_what_is_present_is_only_checked() -> None:
    found = programs.wanted(plan(), "node1", "present", packages=["containerd"])
    assert found["packages"] == [] and found["downloads"] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "mirrored"}, "source: mirrored: unknown; did you mean 'mirror'"),
        ({"checksums": {"kubelt": "0"}}, "checksums: kubelt: unknown; did you mean 'kubelet'"),
        ({"downloads": [{"url": "http://m.example/x", "dest": "/x"}]}, r"downloads\[0\]: sha256: missing"),
        ({"downloads": [{"uri": "http://m.example/x"}]}, r"downloads\[0\]: uri: unknown; did you mean 'url'"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], message: str) -> None:
    source = given.pop("source", "mirror")
    with pytest.raises(ValueError, match=message):
        programs.wanted(plan(), "node1", source, **given)
