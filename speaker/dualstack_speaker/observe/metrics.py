# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' text format (version 0.0.4): samples in, text out. Nothing is counted here; collectors read state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Metric(NamedTuple):
    """A metric and its samples: labels and value.

    ``kind`` is gauge or counter; ``text`` is one line without backslashes.
    """

    name: str
    kind: str
    text: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def render(metrics: Iterable[Metric]) -> str:
    """The text of a scrape, in the order given."""
    lines = []
    for metric in metrics:
        lines.append(f"# HELP {metric.name} {metric.text}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in metric.samples:
            shown = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items())
            lines.append(f"{metric.name}{'{' + shown + '}' if shown else ''} {value}")
    return "\n".join(lines) + "\n"
