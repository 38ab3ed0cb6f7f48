# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions of metallb.io as the core writes them: their shape, the file of them, and that our reader agrees.

What a real API server makes of them is tested in tests/cluster.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dualstack.kubernetes.crds import CONFIGURATION, STATUSES, crds, defaults
from dualstack.resources import schema as reader

FILE = Path(__file__).resolve().parents[4] / "schema" / "metallb.io.json"
KINDS = {entry["spec"]["names"]["kind"]: entry for entry in crds()}
READERS = {
    ("IPAddressPool", "v1beta1"): reader.POOL,
    ("L2Advertisement", "v1beta1"): reader.L2_ADVERTISEMENT,
    ("BGPAdvertisement", "v1beta1"): reader.BGP_ADVERTISEMENT,
    ("BGPPeer", "v1beta1"): reader.PEER_V1BETA1,
    ("BGPPeer", "v1beta2"): reader.PEER,
    ("Community", "v1beta1"): reader.COMMUNITY,
    ("BFDProfile", "v1beta1"): reader.BFD_PROFILE,
}


def version(kind: str, name: str) -> dict[str, Any]:
    return next(each for each in KINDS[kind]["spec"]["versions"] if each["name"] == name)


def spec(kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = version(kind, name)["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def rules(schema: Any) -> Iterator[dict[str, str]]:
    if isinstance(schema, dict):
        yield from schema.get("x-kubernetes-validations", ())
        for value in schema.values():
            yield from rules(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from rules(value)


def test_the_file_for_people_is_up_to_date() -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": crds()}, indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text


def test_every_kind_of_metallb_is_there() -> None:
    """MetalLB 1.1-1.7: nine kinds, all with a status subresource."""
    assert len(KINDS) == 9 == len(CONFIGURATION) + len(STATUSES)
    for kind, entry in KINDS.items():
        assert entry["spec"]["scope"] == "Namespaced", kind
        assert sum(each["storage"] for each in entry["spec"]["versions"]) == 1
        assert all(each["subresources"] == {"status": {}} for each in entry["spec"]["versions"])


@pytest.mark.parametrize(("kind", "name"), READERS)
def test_the_reader_knows_the_same_fields(kind: str, name: str) -> None:
    assert {key.name for key in READERS[kind, name].keys} == set(spec(kind, name)["properties"])
    needed = {key.name for key in READERS[kind, name].keys if key.required}
    assert needed == set(spec(kind, name).get("required", ()))


@pytest.mark.parametrize("kind", sorted({kind for kind, _name in READERS}))
def test_the_reader_has_the_same_defaults(kind: str) -> None:
    name = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    stated = {key.name: key.default for key in READERS[kind, name].keys if key.default not in (None, [], False)}
    assert {key: value for key, value in defaults(kind).items() if value is not False} == stated


def test_every_rule_says_what_to_do() -> None:
    """Each message is a sentence that follows the path of a field, and all but a prohibition name the fix."""
    found = list(rules(crds()))
    assert len({entry["message"] for entry in found}) >= 45
    assert [entry["message"] for entry in found if ": " not in entry["message"]] == []
    assert not [entry for entry in found if "\n" in entry["message"] or len(entry["message"]) > 240]


def test_the_old_version_of_a_peer_is_deprecated_and_has_no_field_of_its_own() -> None:
    old, new = version("BGPPeer", "v1beta1"), version("BGPPeer", "v1beta2")
    assert old["deprecated"] and old["served"] and not old["storage"] and new["storage"]
    assert set(spec("BGPPeer", "v1beta1")["properties"]) < set(spec("BGPPeer", "v1beta2")["properties"])
