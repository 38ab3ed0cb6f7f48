# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements of HTML and SVG as text, escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is markup already."""


def element(tag: str, *children: str, **attributes: str | int | float | None) -> Markup:
    """``<tag attributes>children</tag>``. Plain children are escaped; ``class_`` is class, ``_`` in a name is a hyphen.

    An attribute of None is left out; the empty string writes the bare name.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None)
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def join(children: Iterable[str]) -> Markup:
    """Children in order, plain ones escaped."""
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child) for child in children))


def void(tag: str, **attributes: str | int | float | None) -> Markup:
    """An element without an end tag."""
    return Markup(element(tag, **attributes)[: -len(f"</{tag}>")])


def _attribute(name: str, value: str | int | float | None) -> str:
    written = name.rstrip("_").replace("_", "-")
    if value == "":
        return f" {written}"
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {written}="{html.escape(number)}"'
