# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-test sanity`` without containers, on a copy of the tree: it refuses links and any other place.

What the collection is built without (``galaxy.yml``: its tests) is left out, which halves the time; ``sanity.py all``
takes everything. It fetches a bootstrap script of pip from a vendor's host. Where it would look for that, a stand-in is
laid that takes the pip which Python itself carries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace

import links
import yaml

GET_PIP = """\
import ensurepip, os, subprocess, sys
ensurepip.bootstrap()
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
certificates = "/etc/ssl/certs/ca-certificates.crt"
options = ["--cert", certificates] if os.path.exists(certificates) else []
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
sys.exit(subprocess.call([*pip, *options, *wanted]))
"""


def copy(tree: Path, left_out: Collection[str]) -> None:
    """Copy what git knows, and what it would take, to ``tree``, as a repository of its own, without some folders."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(command, cwd=links.CHECKOUT).decode().split("\0")):
        source, target = links.CHECKOUT / name, tree / name
        if source.exists() and name.split("/", 1)[0] not in left_out:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.check_call(["git", "init", "--quiet"], cwd=tree)
    subprocess.check_call(["git", "add", "--all", "--force"], cwd=tree)


def lay_bootstrap(home: Path, version: str) -> None:
    """Lay the stand-in under the name that the ansible-test in use looks for."""
    from ansible_test._internal.python_requirements import get_venv_packages

    pip = get_venv_packages(SimpleNamespace(version=version))["pip"]
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{pip.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP, encoding="utf-8")


def main(words: list[str]) -> int:
    home = links.cache() / "ansible-test"
    tree = home / "ansible_collections" / "baremetal" / "dualstack"
    version = ".".join(map(str, sys.version_info[:2]))
    ignored = yaml.safe_load((links.CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    copy(tree, () if words == ["all"] else ignored)
    lay_bootstrap(home, version)
    command = ["ansible-test", "sanity", "--color", "no", "--python", version]
    return subprocess.call(command, cwd=tree, env={**os.environ, "HOME": str(home)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
