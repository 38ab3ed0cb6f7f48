# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes container images into one tar, without a registry and without a builder: an OCI image layout (image-spec 1.1).

Layers are not compressed; equal ones are there once. Equal input gives an equal tar.
Left out on purpose: reading images, ownership (all is root's), and everything of a configuration but what runs.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class File:
    """A file of an image: at ``path`` (absolute), the content of ``source``, or a symbolic link to ``target``."""

    path: str
    source: Path | None = None
    target: str = ""


@dataclass(frozen=True)
class Image:
    """``name``: with registry and tag, as containerd shall know it."""

    name: str
    files: tuple[File, ...]
    entrypoint: tuple[str, ...] = ()


def write(path: Path, images: Iterable[Image]) -> None:
    """Raises OSError when a source cannot be read or the tar not be written."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        present: set[str] = set()
        entries = [_image(archive, image, present) for image in images]
        index = {"schemaVersion": 2, "mediaType": f"{_TYPE}.index.v1+json", "manifests": entries}
        _add(archive, "index.json", json.dumps(index).encode())
        _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')


def sha256(file: IO[bytes]) -> str:
    """Of the rest of the file, in hexadecimal."""
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _image(archive: tarfile.TarFile, image: Image, present: set[str]) -> dict[str, Any]:
    layer = _layer(archive, image.files, present)
    configuration = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Entrypoint": list(image.entrypoint)},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": _blob(archive, "config.v1+json", configuration, present),
        "layers": [layer],
    }
    described = _blob(archive, "manifest.v1+json", manifest, present)
    tag = image.name.rpartition(":")[2]
    names = {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tag}
    return {**described, "annotations": names}


def _layer(archive: tarfile.TarFile, files: tuple[File, ...], present: set[str]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as unnamed:
        with tarfile.open(fileobj=unnamed, mode="w", format=tarfile.PAX_FORMAT) as layer:
            for folder in sorted({str(up) for file in files for up in Path(file.path).parents} - {"/"} | {"/tmp"}):
                member = tarfile.TarInfo(folder[1:])
                member.type, member.mode = tarfile.DIRTYPE, 0o1777 if folder == "/tmp" else 0o755
                layer.addfile(member)
            for file in files:
                _file(layer, file)
        size = unnamed.tell()
        unnamed.seek(0)
        digest = sha256(unnamed)
        unnamed.seek(0)
        if digest not in present:
            present.add(digest)
            member = tarfile.TarInfo(f"blobs/sha256/{digest}")
            member.size = size
            archive.addfile(member, unnamed)
    return {"mediaType": f"{_TYPE}.layer.v1.tar", "digest": f"sha256:{digest}", "size": size}


def _file(layer: tarfile.TarFile, file: File) -> None:
    member = tarfile.TarInfo(file.path[1:])
    if file.source is None:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, file.target, 0o777
        layer.addfile(member)
        return
    member.size, member.mode = file.source.stat().st_size, file.source.stat().st_mode & 0o755
    with file.source.open("rb") as content:
        layer.addfile(member, content)


def _blob(archive: tarfile.TarFile, kind: str, content: dict[str, Any], present: set[str]) -> dict[str, Any]:
    data = json.dumps(content, sort_keys=True).encode()
    digest = hashlib.sha256(data).hexdigest()
    if digest not in present:
        present.add(digest)
        _add(archive, f"blobs/sha256/{digest}", data)
    return {"mediaType": f"{_TYPE}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
