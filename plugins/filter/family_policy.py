# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy and families of a Service, decided from needs. The filter is documented in the file of its name."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.allocation.family_policy import (
    PolicyError,
    decide,
)
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain


def family_policy(
    families: Any,
    both: Any = False,
    ipv6_mandatory: Any = False,
    ipv4_mandatory: Any = False,
    primary: Any = None,
    fall_back: Any = None,
) -> dict[str, Any]:
    """``decide`` of the core, as a dict."""
    answers = {
        "both": both,
        "ipv6_mandatory": ipv6_mandatory,
        "ipv4_mandatory": ipv4_mandatory,
        "primary": primary,
        "fall_back": fall_back,
    }
    try:
        return decide(plain(families), plain(answers))._asdict()
    except PolicyError as problem:
        raise AnsibleFilterError(f"family_policy: {problem}") from None


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"family_policy": family_policy}
