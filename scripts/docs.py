# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection's reference with antsibull-docs and Sphinx, and fails on any warning.

docs.py [FOLDER]      the HTML is left below FOLDER/build/html; without a folder it is thrown away
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import links

COLLECTION = "baremetal.dualstack"
# Labels of Ansible's own documentation, that pages of collections refer to. Here they stand for themselves, so that a
# build needs no network and every other reference that leads nowhere is still a warning.
ELSEWHERE = ("ansible_configuration_settings", "action_plugins", "common_return_values")
CONFIGURATION = """\
project = "baremetal.dualstack"
extensions = ["sphinx_antsibull_ext"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "alabaster"
default_role = "any"
nitpicky = True
"""


def build(folder: Path) -> int:
    """The exit status of the build below ``folder``."""
    pages = folder / "rst"
    pages.mkdir(mode=0o755)
    (folder / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "antsibull-docs.cfg").write_text("collection_url = {}\n", encoding="utf-8")
    generate = ["antsibull-docs", "collection", "--use-current", "--fail-on-error", "--squash-hierarchy"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(links.make())}
    status = subprocess.call([*generate, "--dest-dir", str(pages), COLLECTION], env=environment)
    if status != 0:
        return status
    lines = [":orphan:", ""]
    for label in ELSEWHERE:
        title = label.replace("_", " ").capitalize()
        lines += [f".. _{label}:", "", title, "=" * len(title), "", "In Ansible's own documentation.", ""]
    (pages / "elsewhere.rst").write_text("\n".join(lines), encoding="utf-8")
    command = ["sphinx-build", "-M", "html", str(pages), str(folder / "build"), "-c", str(folder), "-q"]
    status = subprocess.call([*command, "-W", "--keep-going"], env=environment)
    if status == 0:
        print(f"{len(list((folder / 'build' / 'html').glob('*.html')))} pages, no warning")
    return status


def main(words: list[str]) -> int:
    if words:
        folder = Path(words[0])
        folder.mkdir(parents=True)
        return build(folder)
    with tempfile.TemporaryDirectory() as name:
        return build(Path(name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
