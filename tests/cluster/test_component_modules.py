# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``kube_component`` on a real API server and etcd without a kubelet: names in certificates, health of etcd.

kubeadm itself makes the certificates, and the API server that runs takes them up.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from cluster.api import ApiError
from cluster.building import programs
from cluster.control_plane import ControlPlane
from processes import until

from ansible_collections.baremetal.dualstack.plugins.module_utils import kube_certificate, kube_host
from ansible_collections.baremetal.dualstack.plugins.module_utils.kube_change import Change, NotUp
from ansible_collections.baremetal.dualstack.plugins.module_utils.kubectl import Kubectl
from ansible_collections.baremetal.dualstack.plugins.modules import kube_component as module
from dualstack.components.editing import arguments
from dualstack.components.editing.names import lacking

CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps"
CONFIGURATION = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "kind": "ClusterConfiguration",
    "kubernetesVersion": "v1.36.3",
    "networking": {"serviceSubnet": "10.96.0.0/16,fd00:10:96::/112"},
    "apiServer": {"certSANs": ["kept.example.net"]},
}
PLANNED = ["api.example.net", "192.0.2.11", "2001:db8::11"]
NAMES = {"component": "kube-apiserver", "node": "node1", "names": PLANNED}
OWN = {"kube-apiserver": "secure-port", "etcd": "listen-client-urls"}  # what no other process on this machine has


def advertised(words: Sequence[str]) -> list[str]:
    """With an advertised address that kubeadm takes, which is none of the loopback."""
    return ["--advertise-address=192.0.2.1" if word.startswith("--advertise-address=") else word for word in words]


class Host:
    """A control plane's host as the module sees it: manifests of what runs, notes, kubectl."""

    def __init__(self, plane: ControlPlane, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.plane, self.folder, self._capsys = plane, folder, capsys
        self.pair = kube_certificate.Pair(*(str(plane.pki.folder / f"server.{end}") for end in ("crt", "key")))
        for component, daemon in (("kube-apiserver", plane.apiserver), ("etcd", plane.etcd)):
            container = {"name": component, "command": [component, *advertised(daemon.command[1:])]}
            text = yaml.safe_dump({"spec": {"containers": [container]}})
            (folder / f"{component}.yaml").write_text(text, encoding="utf-8")

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        """One call of the module; a failure has ``failed``, and ``warned`` is what it warns of, wherever that goes."""
        access = {"kubectl": self.plane.kubectl_command()[0], "kubeconfig": str(self.plane.admin)}
        places = {"manifests": str(self.folder), "notes": str(self.folder / "notes"), "timeout": 90}
        modes = {"_ansible_check_mode": check, "_ansible_diff": True}
        command = {"kube-apiserver": self.plane.apiserver, "etcd": self.plane.etcd}[given["component"]].command
        own = str(arguments.value(command, OWN[given["component"]]))
        given["flags"] = {OWN[given["component"]]: own, **given.get("flags", {})}
        with patch_module_args({**access, **places, **modes, **given}), pytest.raises(SystemExit):
            module.main()
        said = self._capsys.readouterr()
        outcome: dict[str, Any] = json.loads(said.out)
        warned = f"{outcome.get('warnings', '')}{said.err}"  # Ansible's own process shows warnings itself
        return {**outcome, "warned": " ".join(warned.split())}

    def shown(self) -> str:
        """The certificate that the API server shows."""
        return ssl.get_server_certificate((self.plane.host, self.plane.port))

    def files(self) -> list[bytes]:
        """The pair on disk."""
        return [Path(path).read_bytes() for path in self.pair]


@pytest.fixture
def host(
    cluster: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """The host, with the pair that the control plane began with; kubeadm stands where programs are looked for."""
    monkeypatch.setattr(kube_host, "SEARCH", f"{programs(['kubeadm'])['kubeadm'].parent}:{kube_host.SEARCH}")
    found = Host(cluster, tmp_path, capsys)
    held = {"ClusterConfiguration": yaml.safe_dump({**CONFIGURATION, "certificatesDir": str(cluster.pki.folder)})}
    until(lambda: put(cluster, held), "kubeadm's ConfigMap is there")
    before = found.files()
    yield found
    for path, content in zip(found.pair, before):
        Path(path).write_bytes(content)


def put(cluster: ControlPlane, data: dict[str, str]) -> bool:
    """The ConfigMap as it was; False while the API server has not made its namespace yet."""
    try:
        cluster.api.delete(f"{CONFIG_MAPS}/kubeadm-config")
    except ApiError as error:
        assert error.status == 404
    try:
        cluster.api.create(CONFIG_MAPS, {"metadata": {"name": "kubeadm-config"}, "data": data})
    except ApiError as error:
        assert error.status == 404
        return False
    return True


def test_names_that_the_certificate_lacks_are_foreseen_and_added_without_a_restart(host: Host) -> None:
    document = {"name": "kubeadm-config", "key": "ClusterConfiguration", "names": PLANNED}
    given = {**NAMES, "documents": [document]}
    old, pid, before = kube_certificate.names(host.pair), host.plane.apiserver.pid, host.files()
    foreseen = host.run(check=True, **given)
    assert foreseen["changed"] and foreseen["names"] == PLANNED and host.files() == before
    done = host.run(**given)
    assert done["changed"] and done["names"] == PLANNED and not done["restarted"], done
    assert done["documents"] == foreseen["documents"] and done["diff"] == foreseen["diff"]
    assert "PRIVATE KEY" not in json.dumps(done)
    host.plane.apiserver.check()
    assert host.plane.apiserver.pid == pid
    assert host.shown().strip() == Path(host.pair.certificate).read_text(encoding="utf-8").strip()
    found = kube_certificate.names(host.pair, str(host.plane.pki.ca))
    of_kubeadm = ["kept.example.net", "node1", "kubernetes", "10.96.0.1", "192.0.2.1"]
    assert lacking([*PLANNED, *old, *of_kubeadm], found) == []
    held = host.plane.api.get(f"{CONFIG_MAPS}/kubeadm-config")["data"]["ClusterConfiguration"]
    assert yaml.safe_load(held)["apiServer"]["certSANs"] == ["kept.example.net", *PLANNED]
    copies = sorted((host.folder / "notes" / "backups").iterdir())
    assert [copy.read_bytes() for copy in copies] == before
    assert {copy.stat().st_mode & 0o777 for copy in copies} == {0o600}
    again = host.run(**given)
    assert not again["changed"] and again["names"] == [], again


def test_a_run_that_was_cut_between_both_files_is_put_right(host: Host) -> None:
    """The certificate is the old one, the key is that of another, and the note knows the way back."""
    cut = {path: Path(path).read_text(encoding="utf-8") for path in host.pair}
    Change("kube-apiserver-certificate", str(host.folder / "notes"), str(host.folder), shutil.move).begin(cut)
    Path(host.pair.key).write_bytes((host.plane.pki.folder / "admin.key").read_bytes())
    done = host.run(**NAMES)
    assert done["changed"] and done["names"] == PLANNED, done
    assert not (host.folder / "notes" / "kube-apiserver-certificate.json").exists()
    assert not host.run(**NAMES)["changed"]


def test_who_does_not_take_the_new_certificate_up_gets_the_old_one_back(host: Host) -> None:
    """The API server is asked on the port of another server, which read its pair once."""
    before = host.files()
    with socket.create_server((host.plane.host, 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, host.pair), daemon=True)
        thread.start()
        words = [*advertised(host.plane.apiserver.command[1:]), f"--secure-port={listener.getsockname()[1]}"]
        change = Change("kube-apiserver-certificate", str(host.folder / "notes"), str(host.folder), shutil.move)
        kubectl = Kubectl(host.plane.kubectl_command()[0], str(host.plane.admin))
        certificate = kube_certificate.ServingCertificate(words, "node1", kubectl, change)
        with pytest.raises(NotUp, match=r"does not show its new certificate\. The pair of before is back\."):
            certificate.bring(PLANNED, 0.1, False)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert host.files() == before and change.pending() == {}


def serve(listener: socket.socket, pair: kube_certificate.Pair) -> None:
    """Shakes hands with who comes, until the listener is closed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    while True:
        try:
            connection = listener.accept()[0]
        except OSError:
            return
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                continue


def test_a_certificate_that_kubeadm_can_not_make_is_told_and_left_alone(host: Host) -> None:
    before, key = host.files(), host.plane.pki.folder / "ca.key"
    key.rename(key.with_suffix(".elsewhere"))
    try:
        told = host.run(**NAMES)
    finally:
        key.with_suffix(".elsewhere").rename(key)
    assert not told["changed"] and not told.get("failed") and host.files() == before
    assert f"does not name {', '.join(PLANNED)}, and there is no {key} to sign another one" in told["warned"]


def test_a_name_that_can_not_stand_in_a_certificate_changes_nothing(host: Host) -> None:
    before = host.files()
    told = host.run(**{**NAMES, "names": ["not a name"]})
    assert told["failed"] and 'apiServer.certSANs: Invalid value: "not a name"' in told["msg"], told
    assert host.files() == before


def test_etcd_is_healthy_when_its_members_agree_and_the_api_server_is_ready(host: Host) -> None:
    assert not host.run(component="etcd")["changed"]
    foreseen = host.run(check=True, component="etcd", flags={"log-level": "info"})
    assert foreseen["changed"] and foreseen["files"] == [str(host.folder / "etcd.yaml")]
