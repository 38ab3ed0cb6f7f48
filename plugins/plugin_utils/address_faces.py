# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the address filters and tests have in common: plain data in, errors that begin with the filter's name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any, Callable

from ansible.errors import AnsibleError, AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import entries
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.blocks import (
    AddressError,
    Block,
    address_text,
)
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses.explain import shown
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def faces(functions: Iterable[Callable[..., Any]], error: type[AnsibleError]) -> dict[str, Callable[..., Any]]:
    """The functions by name, each given plain data and raising ``error`` for an AddressError."""
    return {function.__name__: _face(function, error) for function in functions}


def option(name: str, value: Any) -> list[Block]:
    """The blocks of an option. Raises AddressError that names the option."""
    try:
        return entries.blocks(value)
    except AddressError as problem:
        raise AddressError(f"{name}: {problem}") from None


def texts(blocks: Iterable[Block]) -> list[str]:
    """Blocks as canonical text."""
    return [str(block) for block in blocks]


def address(block: Block) -> str:
    """A block of one as the text of its address."""
    return address_text(block.family, block.first)


def whole(name: str, value: Any) -> int:
    """``value`` if it is a whole number. Raises AddressError that names the option."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise AddressError(f"{name} is {shown(value)}; give a whole number, without quotes")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """``value`` if it is true or false. Raises AddressError that names the option."""
    if not isinstance(value, bool):
        raise AddressError(f"{name} is {shown(value)}; give true or false, without quotes")
    return value


def _face(function: Callable[..., Any], error: type[AnsibleError]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*map(plain, arguments), **{name: plain(value) for name, value in options.items()})
        except (AddressError, AnsibleFilterError) as problem:
            raise error(f"{function.__name__}: {problem}") from None

    return call
