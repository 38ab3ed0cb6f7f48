# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a page: one HTML document that needs nothing but itself."""

from __future__ import annotations

from .html import Markup, element, join, void
from .style import CSS


def document(title: str, style: str, *body: Markup) -> str:
    """The whole document; ``style`` is what the page's own parts need beside the common look."""
    head = join(
        [
            void("meta", charset="utf-8"),
            void("meta", name="viewport", content="width=device-width, initial-scale=1"),
            void("link", rel="icon", href="data:,"),
            element("title", title),
            element("style", Markup(CSS + style)),
        ]
    )
    return "<!doctype html>\n" + element("html", element("head", head), element("body", *body), lang="en") + "\n"


def figure(picture: Markup, *legend: Markup) -> Markup:
    """A drawing that scrolls in a frame of its own when it is wider than the page, and what its signs mean."""
    frame = element("div", picture, class_="scroll", tabindex=0, role="group", aria_label="The fabric")
    return element("figure", frame, element("figcaption", *legend), class_="card")
