# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of the table: which paths of a plan it explains, what was decided, and from what.

Patterns and templates hold names in braces. In a pattern they bind keys of the path: ``{node}`` a node, ``{session of
a rack}`` the session under the name of its first word, if it is one of a rack (``facts.Facts.is_one``). In a template
they stand for what was bound, or for what else the plan says (``variables``); one that stands for several things makes
several paths, one that stands for none makes no path.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Callable, NamedTuple

PRODUCT = "this collection"
KUBERNETES = "Kubernetes"
METALLB = "MetalLB"

KEYS = "\0"  # joins keys that stand together for one name in a template of a plan's path

_NAME = re.compile(r"\{([^}]+)\}")
_DOT = re.compile(r"\.(?![^{]*\})")

Values = Callable[[str], Sequence[str]]


class Entry(NamedTuple):
    """Why the values at ``pattern``, and below it, are what they are.

    ``intent``: what the operator writes, each a chain ``first | second`` in order of precedence; one that ends with
    ``?`` does not matter unless it is stated. ``path@family`` is the entry of one family. ``plan``: other values of the
    plan. ``source``: who says that it is to be so. ``whole``: the entry is about a container (why it exists and has
    the children that it has), not about what stands in it.
    """

    pattern: str
    decision: str
    intent: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    source: str = PRODUCT
    whole: bool = False


class Alternative(NamedTuple):
    """One template of a chain."""

    template: str
    family: str | None


class Chain(NamedTuple):
    """Where the intent may state something, in order of precedence. ``optional``: it may also be left away."""

    alternatives: tuple[Alternative, ...]
    optional: bool


def keys(pattern: str) -> tuple[str, ...]:
    """The keys of a pattern or of a template of a plan's path."""
    return tuple(_DOT.split(pattern))


def bound(key: str) -> tuple[str, str] | None:
    """(name, domain) of a key of a pattern that binds, or None."""
    found = _NAME.fullmatch(key)
    return (found[1].split()[0], found[1]) if found else None


def chain(text: str) -> Chain:
    """A chain of templates from its text."""
    bare = text[:-1] if text.endswith("?") else text
    alternatives = []
    for part in bare.split(" | "):
        template, _at, family = part.strip().partition("@")
        alternatives.append(Alternative(template, family or None))
    return Chain(tuple(alternatives), text.endswith("?"))


def filled(template: str, values: Values) -> Iterator[str]:
    """The template with each combination of what its names stand for."""
    parts = _NAME.split(template)
    choices = [values(part) if number % 2 else (part,) for number, part in enumerate(parts)]
    for choice in itertools.product(*choices):
        yield "".join(choice)
