# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of filters and tests, read out of their documentation, and run by ansible-playbook.

An example is a task. Either it asserts, or a comment below it states what ``msg`` becomes, in YAML; a statement
may go on in further comment lines. ``# => error: TEXT`` states that the task fails with a message that holds TEXT.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from fabrics import plan_of

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("filter", "test")
STATEMENT = "# => "
ERROR = "error: "
OTHERS = "A cluster that somebody else runs"


class Example(NamedTuple):
    """A task of the examples, and what is stated: ``value``, or ``error``, or neither for an assertion."""

    plugin: str
    name: str
    task: dict[str, Any]
    value: Any = None
    error: str = ""


def documents() -> dict[str, str]:
    """The text of EXAMPLES by ``kind/name``."""
    found = {}
    for kind in KINDS:
        for path in sorted((ROOT / "plugins" / kind).iterdir()):
            if path.suffix == ".yml":
                found[f"{kind}/{path.stem}"] = yaml.safe_load(path.read_text(encoding="utf-8")).get("EXAMPLES", "")
            elif path.suffix == ".py":
                found.update({f"{kind}/{path.stem}": text for text in _constants(path, "EXAMPLES")})
    return found


def _constants(path: Path, name: str) -> list[str]:
    return [
        ast.literal_eval(node.value)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]


def read(plugin: str, text: str) -> list[Example]:
    """The examples of a text. Raises ValueError for a text without one and for a task without a stated result."""
    found = []
    for chunk in re.split(r"^(?=- )", text, flags=re.MULTILINE)[1:]:
        [task] = yaml.safe_load(chunk)
        name = task.get("name", "")
        stated = chunk.partition(STATEMENT)[2]
        if not name or bool(stated) == ("ansible.builtin.assert" in task):
            raise ValueError(f"{plugin}: state what {name or chunk!r} results in: '{STATEMENT}…', or assert it")
        stated = re.sub(r"\n *# ?", "\n ", stated.strip())
        if stated.startswith(ERROR):
            found.append(Example(plugin, name, task, error=stated[len(ERROR) :]))
        else:
            found.append(Example(plugin, name, task, value=yaml.safe_load(stated)))
    if not found:
        raise ValueError(f"{plugin}: there is no example")
    return found


def run(examples: list[Example], folder: Path) -> list[dict[str, Any]]:
    """What became of each task, run on a router of the demo fabric.

    In ``dualstack_plan`` the collection runs Kubernetes, but for examples that are named ``OTHERS``.
    """
    results = [f"example_{number}" for number in range(len(examples))]
    play = {
        "hosts": "tor1",
        "gather_facts": False,
        "vars_files": [str(folder / "plan.json")],
        "tasks": [
            *(
                {**example.task, **_plan_of_others(example), "register": result, "ignore_errors": True}
                for example, result in zip(examples, results)
            ),
            {
                "ansible.builtin.copy": {
                    "content": "{{ [" + ", ".join(results) + "] | to_json }}",
                    "dest": str(folder / "results.json"),
                    "mode": "0600",
                }
            },
        ],
    }
    plans = {"dualstack_plan": plan_of("demo", _run_kubernetes), "plan_of_others": plan_of("demo")}
    (folder / "plan.json").write_text(json.dumps(plans), encoding="utf-8")
    (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    connection = ("ansible_connection=local", "ansible_python_interpreter={{ ansible_playbook_python }}")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(ROOT / "examples" / "demo")]
    command += [word for variable in connection for word in ("-e", variable)]
    done = subprocess.run(
        [*command, str(folder / "play.yml")],
        cwd=folder,
        env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert not re.search("WARNING|DEPRECATION", output), output
    outcome: list[dict[str, Any]] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return outcome


def _plan_of_others(example: Example) -> dict[str, Any]:
    return {"vars": {"dualstack_plan": "{{ plan_of_others }}"}} if example.name == OTHERS else {}


def _run_kubernetes(data: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> None:
    data["cluster"]["kubernetes"] = {"version": "1.36.3"}
