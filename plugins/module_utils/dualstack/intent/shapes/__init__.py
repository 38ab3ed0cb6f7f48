# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of values in an intent: each checks one value, normalises it and explains itself.

A shape's ``read`` returns the normalised value, or ``INVALID`` after reporting a finding. The same shapes generate the
reference page (``describe``) and the JSON Schema for editors (``json_schema``), so that what is documented is what is
checked.
"""

from __future__ import annotations

from .addresses import ADDRESS, BLOCK, NETWORK, AddressShape, PerFamily
from .base import INVALID, MISSING, JsonSchema, Report, Shape, error
from .containers import Either, ListOf, MapOf
from .hosts import DOMAIN, HOST, NAME_OF_CERTIFICATE
from .scalars import Boolean, Integer, Text
from .structs import Key, Struct, or_null

__all__ = [
    "ADDRESS",
    "BLOCK",
    "DOMAIN",
    "HOST",
    "INVALID",
    "MISSING",
    "NAME_OF_CERTIFICATE",
    "NETWORK",
    "AddressShape",
    "Boolean",
    "Either",
    "Integer",
    "JsonSchema",
    "Key",
    "ListOf",
    "MapOf",
    "PerFamily",
    "Report",
    "Shape",
    "Struct",
    "Text",
    "error",
    "or_null",
]
