# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates expressions in Ansible's templar, in a process of its own: its plugin loader owns the imports of a process.

As a program it reads ``{"variables": YAML text, "expressions": [text]}`` and writes a list of ``[kind, value]``: the
result with the name of its type, or the message with ``error``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def evaluate(variables: str, expressions: list[str]) -> list[tuple[str, Any]]:
    """``(name of the type, value)`` of each expression, or ``("error", message)``."""
    asked = json.dumps({"variables": variables, "expressions": expressions})
    done = subprocess.run([sys.executable, __file__], input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return list(map(tuple, json.loads(done.stdout)))


def main() -> None:
    from ansible.errors import AnsibleError
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar, trust_as_template

    init_plugin_loader(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep))
    asked = json.load(sys.stdin)
    loader = DataLoader()
    variables = loader.load(trust_as_template(asked["variables"]), "/variables.yml")
    assert variables["pool"][0].__class__ is not str, "ansible-core tags no more; this proves nothing"
    templar = Templar(loader=loader, variables=variables)
    outcomes: list[tuple[str, Any]] = []
    for expression in asked["expressions"]:
        try:
            value = templar.template(trust_as_template("{{ " + expression + " }}"))
            outcomes.append((type(value).__name__, value))
        except AnsibleError as error:
            outcomes.append(("error", str(error)))
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
