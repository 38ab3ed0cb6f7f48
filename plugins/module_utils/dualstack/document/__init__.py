# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric document: a plan and its findings for people who run networks, as Markdown and as one HTML page."""

from __future__ import annotations

from .as_html import html
from .as_markdown import markdown

__all__ = ["html", "markdown"]
