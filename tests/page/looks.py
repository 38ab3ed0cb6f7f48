# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be measured of a page that a browser shows."""

from __future__ import annotations

import json
import re
from typing import Any

from page.browser import Browser


def overflow(browser: Browser) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(browser.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def each(browser: Browser, selector: str, value: str) -> list[Any]:
    """The value of an expression over ``e``, for each element that a selector finds."""
    found: list[Any] = browser.ask(f"Array.from(document.querySelectorAll({json.dumps(selector)}), e => {value})")
    return found


def luminance(colour: str) -> float:
    """WCAG 2.1 relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: float, other: float) -> float:
    """WCAG 2.1 contrast ratio."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
