# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of an intent as JSON Schema (draft 2020-12), for editors: completion, descriptions, errors as one writes.

It describes files of variables (``dualstack``, ``dualstack_host``) and whole YAML inventories, in which a host's facts
are those of its group. It accepts all that the planner can read. Left out on purpose: what is no matter of a value's
shape (names that must exist, addresses that must fit), and templates, which stand for values of any shape.
"""

from __future__ import annotations

import json

from .schema import CLIENT_HOST, INTENT, NODE_HOST, ROUTER_HOST
from .shapes import JsonSchema, Struct, or_null

_HOSTS = {"router": ROUTER_HOST, "node": NODE_HOST, "client": CLIENT_HOST}
_GROUPS = {"routers": "router", "kube_control_plane": "node", "kube_node": "node", "clients": "client"}


def text() -> str:
    """The schema as the text of a file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> JsonSchema:
    """The whole schema."""
    members = {group: _ref(f"{kind}s") for group, kind in _GROUPS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The intent of baremetal.dualstack",
        "description": "A file of variables with dualstack or dualstack_host, or an inventory in YAML.",
        "type": "object",
        "properties": {**_variables(_any_host()), "all": _ref("group"), **members},
        "$defs": {
            "dualstack": {"description": "The intent, for all hosts.", **INTENT.json_schema()},
            **{f"dualstack_host_of_a_{kind}": _facts(struct) for kind, struct in _HOSTS.items()},
            **{f"{kind}s": _group(_host(kind), {}, _ref(f"{kind}s")) for kind in _HOSTS},
            "group": _group(_any_host(), members, _ref("group")),
        },
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{name}"}


def _host(kind: str) -> JsonSchema:
    return _ref(f"dualstack_host_of_a_{kind}")


def _any_host() -> JsonSchema:
    return {"anyOf": [_host(kind) for kind in _HOSTS]}


def _variables(host: JsonSchema) -> JsonSchema:
    return {"dualstack": _ref("dualstack"), "dualstack_host": host}


def _facts(struct: Struct) -> JsonSchema:
    """The facts of a host; nothing at all is enough where nothing is required."""
    schema = struct.json_schema()
    return schema if "required" in schema else or_null(schema)


def _group(host: JsonSchema, members: JsonSchema, below: JsonSchema) -> JsonSchema:
    """A group of an inventory, with the groups that may stand in it: ``members`` by name, all others as ``below``."""
    variables = {"type": ["object", "null"], "properties": _variables(host)}
    return {
        "type": ["object", "null"],
        "properties": {
            "vars": variables,
            "hosts": {"type": ["object", "null"], "additionalProperties": variables},
            "children": {"type": ["object", "null"], "properties": members, "additionalProperties": below},
        },
    }
