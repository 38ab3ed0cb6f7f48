# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Union, difference and intersection of addresses. Each filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.addresses import entries, sets
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.address_faces import faces, option, texts


def merge(value: Any, other: Any = ()) -> list[str]:
    """The addresses of both."""
    return texts(sets.merge([*entries.blocks(value), *option("other", other)]))


def exclude(value: Any, holes: Any) -> list[str]:
    """The addresses that are not in ``holes``."""
    return texts(sets.difference(entries.blocks(value), option("holes", holes)))


def shared(value: Any, other: Any) -> list[str]:
    """The addresses that are in both."""
    return texts(sets.intersection(entries.blocks(value), option("other", other)))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return faces((merge, exclude, shared), AnsibleFilterError)
