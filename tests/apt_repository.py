# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flat repository of Debian packages, as apt wants it: built by dpkg-deb, listed, and signed by gpg.

Packages are not compressed: they are built and unpacked in a moment.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

KEY = "Release.key"


class Repository:
    """The repository in ``folder``; ``publish`` makes it what apt reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        # Not below the folder of a test: the agent's socket has a short path or none.
        self._keys = Path(tempfile.mkdtemp(prefix="keys-"))
        self._gpg("--passphrase", "", "--quick-generate-key", "Packages of a test <packages@example.net>", "rsa3072")
        (folder / KEY).write_text(self._gpg("--armor", "--export"), encoding="utf-8")

    def add(self, name: str, version: str, files: Mapping[str, bytes], depends: str = "") -> None:
        """A package of ``files``, by their paths; those without a dot in their names are programs."""
        architecture = _output("dpkg", "--print-architecture").strip()
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            tree = Path(scratch) / "tree"
            for path, content in {"/DEBIAN/control": b"", **files}.items():
                target = tree / path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                target.chmod(0o644 if "." in target.name else 0o755)
            (tree / "DEBIAN/control").write_text(
                f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
                f"Maintainer: Tests <packages@example.net>\nDescription: {name} of a test\n"
                + (f"Depends: {depends}\n" if depends else ""),
                encoding="utf-8",
            )
            target = self.folder / f"{name}_{version}_{architecture}.deb"
            _output("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target))

    def publish(self) -> None:
        """Lists all packages that were added, and signs the list."""
        listed = "\n".join(_stanza(path) for path in sorted(self.folder.glob("*.deb")))
        (self.folder / "Packages").write_text(listed, encoding="utf-8")
        release = self.folder / "Release"
        digest = hashlib.sha256(listed.encode()).hexdigest()
        release.write_text(
            f"Date: {formatdate(usegmt=True)}\nSHA256:\n {digest} {len(listed.encode())} Packages\n", encoding="utf-8"
        )
        signed = self.folder / "InRelease"
        signed.unlink(missing_ok=True)
        self._gpg("--output", str(signed), "--clear-sign", str(release))

    def end(self) -> None:
        """Ends what holds the key, and removes the key."""
        subprocess.run(["gpgconf", "--homedir", str(self._keys), "--kill", "all"], check=True)
        shutil.rmtree(self._keys, ignore_errors=True)  # the agent may still be taking its socket away

    def _gpg(self, *words: str) -> str:
        return _output("gpg", "--homedir", str(self._keys), "--batch", "--quiet", *words)


def _stanza(path: Path) -> str:
    control = _output("dpkg-deb", "--field", str(path)).rstrip()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{control}\nFilename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n"


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
