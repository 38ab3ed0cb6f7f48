# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that the lab writes, and Deployments that use them: pure. That containerd takes them is shown by clusters."""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from driver import ROOT
from fabrics import plan_of

sys.path.append(str(ROOT / "molecule"))

from lab import images, topology, workloads


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF and so on")
    path.chmod(0o755)
    return path


def written(path: Path, *wanted: images.Image) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The blobs by digest and the index of a layout."""
    images.write(path, wanted)
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert len(names) == len(set(names))
        read = {name: archive.extractfile(name).read() for name in names}  # type: ignore[union-attr]
    assert json.loads(read["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    blobs = {name.rpartition("/")[2]: content for name, content in read.items() if name.startswith("blobs/sha256/")}
    assert all(hashlib.sha256(content).hexdigest() == digest for digest, content in blobs.items())
    return blobs, json.loads(read["index.json"])


def followed(blobs: dict[str, bytes], descriptor: dict[str, Any]) -> bytes:
    content = blobs[descriptor["digest"].removeprefix("sha256:")]
    assert len(content) == descriptor["size"]
    return content


def test_an_image_holds_its_files_and_says_what_runs(program: Path, tmp_path: Path) -> None:
    files = (images.File("/usr/local/bin/one", program), images.File("/usr/local/bin/two", target="one"))
    blobs, index = written(tmp_path / "a.tar", images.Image("lab.example/k8s/one:1", files, ("one", "go")))
    (entry,) = index["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "lab.example/k8s/one:1"
    manifest = json.loads(followed(blobs, entry))
    configuration = json.loads(followed(blobs, manifest["config"]))
    assert configuration["config"]["Entrypoint"] == ["one", "go"]
    (layer,) = manifest["layers"]
    assert configuration["rootfs"]["diff_ids"] == [layer["digest"]]
    (tmp_path / "layer.tar").write_bytes(followed(blobs, layer))
    with tarfile.open(tmp_path / "layer.tar") as unpacked:
        assert unpacked.getnames()[:2] == ["tmp", "usr"]
        one, two = unpacked.getmember("usr/local/bin/one"), unpacked.getmember("usr/local/bin/two")
        assert (one.mode, one.uid, two.linkname) == (0o755, 0, "one")
        assert unpacked.extractfile(one).read() == program.read_bytes()  # type: ignore[union-attr]


def test_what_is_equal_is_there_once_and_again_the_same(program: Path, tmp_path: Path) -> None:
    files = (images.File("/server", program),)
    wanted = [
        images.Image("lab.example/a:1", files, ("/server",)),
        images.Image("lab.example/b:2", files, ("/server",)),
    ]
    blobs, index = written(tmp_path / "a.tar", *wanted)
    assert len(index["manifests"]) == 2
    assert len(blobs) == 3  # layer, configuration, manifest
    written(tmp_path / "b.tar", *wanted)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_pods_stand_behind_each_service_that_selects_some() -> None:
    plan = plan_of("kubernetes")
    plan["services"][0]["ports"] = [{"name": "web", "port": 80, "protocol": "TCP", "target_port": 8080}]
    plan["services"][1]["selector"] = {}
    plan["services"][2]["ports"] = [{"name": "dns", "port": 53, "protocol": "UDP", "target_port": None}]
    made = {one["metadata"]["name"]: one for one in workloads.render(plan)["items"]}
    left = {service["name"]: service for service in plan["services"]}
    assert made.keys() == left.keys() - {plan["services"][1]["name"], plan["services"][2]["name"]}
    for name, deployment in made.items():
        pod = deployment["spec"]["template"]
        assert pod["metadata"]["labels"] == left[name]["selector"] == deployment["spec"]["selector"]["matchLabels"]
        (container,) = pod["spec"]["containers"]
        assert container["args"] == ["serve", "8080" if left[name] is plan["services"][0] else "80"]


def test_nodes_of_a_cluster_that_the_plan_makes_have_nothing_that_stands_in_for_it() -> None:
    made = topology.from_plan(plan_of("kubernetes"))
    nodes = {host.name: host for host in made.hosts if host.kind == "node"}
    assert {name: host.kubernetes.control_plane for name, host in nodes.items() if host.kubernetes} == {
        "node1": True,
        "node2": False,
        "node3": False,
    }
    assert not any(host.backend for host in nodes.values())
    assert not any(host.kubernetes for host in topology.from_plan(plan_of("demo")).hosts)
