# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Kubernetes manifests, read as Kubernetes reads them."""

from __future__ import annotations

import re
from typing import Any

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$")


class ManifestError(Exception):
    """A file that can't be read; the message names it and the place."""


def load(paths: list[str]) -> list[Any]:
    """All documents of YAML or JSON files in their order.

    Kubernetes' reader knows neither times nor numbers to the base of 60, which PyYAML makes of ``2026-01-01`` and of
    the community ``64512:20``: they stay text. Raises ManifestError.
    """
    import yaml  # whoever calls has made sure that it is there

    documents: list[Any] = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as stream:
                documents += list(yaml.load_all(stream, Loader=_loader(yaml)))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
            raise ManifestError(f"{path}: {problem}") from problem
    return documents


def _loader(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """A SafeLoader with fewer kinds of scalars."""

    Loader.yaml_implicit_resolvers = {
        first: [entry for entry in resolvers if entry[0] not in (f"{_TAG}timestamp", f"{_TAG}int")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(f"{_TAG}int", _INTEGER, list("-+0123456789"))
    return Loader
