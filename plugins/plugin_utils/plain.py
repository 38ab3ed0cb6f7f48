# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain Python at the door: what ansible-core hands to a filter, rebuilt without tags and lazy containers.

Since ansible-core 2.19 a filter sees tagged strings and lazily templated lists and dicts, which serializers refuse and
``copy.deepcopy`` warns about. Undefined values do not get this far: ansible-core raises before the filter runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from ansible.errors import AnsibleFilterError


def plain(value: Any) -> Any:
    """``value`` as new dict, list, str, int, float, bool and None objects; sets and tuples become lists.

    Raises AnsibleFilterError for a type that data from an inventory cannot hold.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return "".join(value)  # str() would return a tagged string as it is
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [plain(item) for item in value]
    kind = type(value).__name__
    raise AnsibleFilterError(f"cannot use a value of type {kind} here; give text, numbers, lists and mappings")
