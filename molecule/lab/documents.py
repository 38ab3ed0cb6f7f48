# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files. Only the verbs that read a plan need PyYAML, so it is imported here and late."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import LabError


def read(path: Path) -> Any:
    """Raises LabError when the file cannot be read or is not YAML."""
    yaml = _yaml()
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"{path}: {error}") from error


def write(path: Path, data: object) -> None:
    path.write_text(_yaml().safe_dump(data, sort_keys=False), encoding="utf-8")


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError as missing:
        raise LabError(
            "this Python has no PyYAML: use the one of `scripts/env demo python3 molecule/lab …`"
        ) from missing
    return yaml
