# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a mirror, from a real server on loopback: checked, all or nothing, and not read again when unchanged."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils.downloads import (
    Download,
    DownloadError,
    checksum,
    install,
    missing,
    with_checksums,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_record import Record

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="files are given to root")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The folder of a mirror, and its URL."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def offer(mirror: tuple[Path, str], name: str, content: bytes) -> tuple[str, str]:
    (mirror[0] / name).write_bytes(content)
    return f"{mirror[1]}/{name}", hashlib.sha256(content).hexdigest()


def test_a_file_is_installed_once(mirror: tuple[Path, str], tmp_path: Path) -> None:
    url, digest = offer(mirror, "kubelet", b"new")
    dest = tmp_path / "bin" / "kubelet"
    download = Download(url, digest, str(dest))
    record = Record(str(tmp_path / "record.json"))
    assert missing([download], record) == [download]
    assert install([download], record) == [str(dest)]
    assert dest.read_bytes() == b"new" and os.access(dest, os.X_OK)
    record.write()
    assert missing([download], Record.read(record.path)) == []


def test_an_unchanged_file_is_not_read_and_a_changed_one_is(tmp_path: Path) -> None:
    path, record = tmp_path / "program", Record(str(tmp_path / "record.json"))
    path.write_bytes(b"one")
    record.put(str(path), "sha256", "remembered")
    assert checksum(str(path), record) == "remembered"
    path.write_bytes(b"three")
    assert checksum(str(path), record) == hashlib.sha256(b"three").hexdigest()


def test_with_one_wrong_file_nothing_is_installed(mirror: tuple[Path, str], tmp_path: Path) -> None:
    good_url, good = offer(mirror, "kubeadm", b"good")
    bad_url, _digest = offer(mirror, "kubelet", b"bad")
    folder = tmp_path / "bin"
    downloads = [Download(good_url, good, f"{folder}/kubeadm"), Download(bad_url, "0" * 64, f"{folder}/kubelet")]
    with pytest.raises(DownloadError, match=r"kubelet: its SHA-256 is .*, not 0+; nothing was installed"):
        install(downloads, Record(str(tmp_path / "record.json")))
    assert list(folder.iterdir()) == []


def test_what_the_mirror_has_not_is_named(mirror: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"/none: .*404.*nothing was installed"):
        install([Download(f"{mirror[1]}/none", "0" * 64, f"{tmp_path}/none")], Record(str(tmp_path / "record.json")))


def test_the_mirror_is_asked_once_for_a_checksum_that_is_not_stated(mirror: tuple[Path, str], tmp_path: Path) -> None:
    url, digest = offer(mirror, "kubectl", b"program")
    (mirror[0] / "kubectl.sha256").write_text(f"{digest}  kubectl\n", encoding="ascii")
    record = Record(str(tmp_path / "record.json"))
    (download,) = with_checksums([Download(url, "", f"{tmp_path}/kubectl")], record)
    assert download.sha256 == digest
    (mirror[0] / "kubectl.sha256").unlink()
    assert with_checksums([Download(url, "", f"{tmp_path}/kubectl")], record) == [download]
    with pytest.raises(DownloadError, match=r"other\.sha256: .*State its checksum"):
        with_checksums([Download(f"{mirror[1]}/other", "", f"{tmp_path}/other")], record)


def archive(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_an_archive_is_unpacked_and_a_file_that_was_changed_is_put_back(
    mirror: tuple[Path, str], tmp_path: Path
) -> None:
    url, digest = offer(mirror, "containerd-2.2.9.tar.gz", archive(("bin/containerd", b"c"), ("bin/ctr", b"t")))
    download, record = (
        Download(url, digest, str(tmp_path / "local"), unpack=True),
        Record(str(tmp_path / "record.json")),
    )
    assert missing([download], record) == [download]
    install([download], record)
    assert (tmp_path / "local/bin/containerd").read_bytes() == b"c" and missing([download], record) == []
    (tmp_path / "local/bin/ctr").write_bytes(b"other")
    assert missing([download], record) == [download]
    (tmp_path / "local/bin/ctr").unlink()
    assert missing([download], record) == [download]


@pytest.mark.parametrize("name", ["../escaped", "/escaped"])
def test_an_archive_writes_nothing_outside_its_folder(mirror: tuple[Path, str], tmp_path: Path, name: str) -> None:
    url, digest = offer(mirror, "evil.tar.gz", archive((name, b"x")))
    download = Download(url, digest, str(tmp_path / "in" / "side"), unpack=True)
    with pytest.raises(DownloadError, match="leads out of"):
        install([download], Record(str(tmp_path / "record.json")))
    assert not (tmp_path / "in" / "escaped").exists()
