# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from a mirror, known by their checksum: first all are fetched and checked, then all are put in place.

Left out on purpose: signatures; the checksum stands in the inventory, and that is what is trusted.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .host_record import Record, temporary_in

BLOCK = 1 << 20
_SHA256 = re.compile("[0-9a-f]{64}")


class DownloadError(Exception):
    """A file could not be had, or is not what it should be; the message names it."""


@dataclass(frozen=True)
class Download:
    """A file at ``url``. ``dest``: the path of the program, or the folder into which the archive is unpacked.

    Without ``sha256`` the file ``url``.sha256 of the mirror says it, which proves that nothing was cut or mixed up, but
    trusts the mirror.
    """

    url: str
    sha256: str
    dest: str
    unpack: bool = False


def with_checksums(downloads: Sequence[Download], record: Record) -> list[Download]:
    """The downloads, each with a checksum; one that the mirror has to say is asked for once. Raises DownloadError."""
    return [each if each.sha256 else replace(each, sha256=_said(each.url, record)) for each in downloads]


def missing(downloads: Sequence[Download], record: Record) -> list[Download]:
    """Those that are not there, or not as their checksum wants them."""
    return [download for download in downloads if not _there(download, record)]


def install(downloads: Sequence[Download], record: Record) -> list[str]:
    """Fetch and check all, then put all in place, each atomically; the paths written. Raises DownloadError."""
    folders = {_folder(download) for download in downloads}
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    written: list[str] = []
    fetched: list[tuple[Download, str]] = []
    try:
        for download in downloads:
            fetched.append((download, _fetch(download)))
        for download, name in fetched:
            written += _place(download, name, record)
    finally:
        for _download, name in fetched:
            if os.path.exists(name):
                os.unlink(name)
    return written


def checksum(path: str, record: Record) -> str:
    """SHA-256 of a file, empty when it is absent; a file that is known is not read."""
    if not os.path.isfile(path):
        return ""
    known = record.get(path, "sha256")
    if known is None:
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
        known = digest.hexdigest()
        record.put(path, "sha256", known)
    return str(known)


def _said(url: str, record: Record) -> str:
    known = record.entries.get(url, {}).get("sha256")
    if known is None:
        try:
            with _opened(f"{url}.sha256") as answer:
                known = answer.read(BLOCK).decode("ascii", "replace").partition(" ")[0].strip().lower()
        except Exception as error:  # as for the file itself
            raise DownloadError(f"{url}.sha256: {error}; nothing was installed. State its checksum") from None
        if not _SHA256.fullmatch(known):
            raise DownloadError(f"{url}.sha256 holds no SHA-256; nothing was installed. State its checksum")
        record.remember(url, {"sha256": known})
    return str(known)


def _opened(url: str) -> Any:
    # Only where something is fetched: loading it takes longer than all that an unchanged host has to do.
    from ansible.module_utils.urls import open_url

    return open_url(url, timeout=60, force=True)


def _there(download: Download, record: Record) -> bool:
    if not download.unpack:
        return checksum(download.dest, record) == download.sha256 and os.access(download.dest, os.X_OK)
    archive = record.entries.get(_key(download), {})
    files: dict[str, str] = archive.get("files", {})
    return archive.get("sha256") == download.sha256 and all(
        checksum(path, record) == wanted for path, wanted in files.items()
    )


def _key(download: Download) -> str:
    """Under which an archive stands in the record: the next one for that folder by that name takes its place."""
    return f"archive {download.dest} {download.url.rsplit('/', 1)[-1].split('-')[0]}"


def _folder(download: Download) -> str:
    return download.dest if download.unpack else os.path.dirname(download.dest)


def _fetch(download: Download) -> str:
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(dir=_folder(download), prefix=".")
    try:
        with os.fdopen(handle, "wb") as file, _opened(download.url) as answer:
            while block := answer.read(BLOCK):
                digest.update(block)
                file.write(block)
    except Exception as error:  # what a URL can raise has no common ancestor: sockets, TLS, HTTP, values
        os.unlink(name)
        raise DownloadError(f"{download.url}: {error}; nothing was installed") from None
    if digest.hexdigest() != download.sha256:
        os.unlink(name)
        raise DownloadError(
            f"{download.url}: its SHA-256 is {digest.hexdigest()}, not {download.sha256}; nothing was installed. "
            "Correct the checksum, or the mirror holds another version"
        )
    return name


def _place(download: Download, name: str, record: Record) -> list[str]:
    if not download.unpack:
        _put(name, download.dest, 0o755)
        record.put(download.dest, "sha256", download.sha256)
        return [download.dest]
    files: dict[str, str] = {}
    try:
        with tarfile.open(name) as archive:
            for member in archive:
                if member.isfile():
                    path = _inside(download, member.name)
                    stream = archive.extractfile(member)
                    if stream is None:
                        continue
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with temporary_in(os.path.dirname(path)) as temporary:
                        with open(temporary, "wb") as file:
                            shutil.copyfileobj(stream, file, BLOCK)
                        _put(temporary, path, 0o755 if member.mode & 0o111 else 0o644)
                    files[path] = checksum(path, record)
    except tarfile.TarError as error:
        raise DownloadError(f"{download.url}: not an archive that can be unpacked: {error}") from None
    record.remember(_key(download), {"sha256": download.sha256, "files": files})
    return list(files)


def _inside(download: Download, member: str) -> str:
    """Where a member of an archive goes; never outside of the folder."""
    path = os.path.normpath(os.path.join(download.dest, member))
    if os.path.isabs(member) or not path.startswith(download.dest.rstrip("/") + "/"):
        raise DownloadError(f"{download.url}: {member!r} leads out of {download.dest}")
    return path


def _put(temporary: str, path: str, mode: int) -> None:
    os.chown(temporary, 0, 0)
    os.chmod(temporary, mode)
    os.replace(temporary, path)
