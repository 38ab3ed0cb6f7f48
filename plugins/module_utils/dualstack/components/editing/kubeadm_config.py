# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``extraArgs``, ``certSANs`` and fields in kubeadm's ClusterConfiguration, as the ConfigMap kubeadm-config holds it.

v1beta4 has ``extraArgs`` as a list of name and value, v1beta3 and older as a map; the text's own ``apiVersion`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import arguments, names, tree, yaml_text
from .owned import EditError, Owned
from .rewriting import Rewriting

_SHAPE = 'write - name: NAME and, in the next line, value: "VALUE"'
_MAPS = ("v1beta1", "v1beta2", "v1beta3")
_NAMES = ("apiServer", "certSANs")


def edit(text: str, fields: Mapping[str, Any], flags: Mapping[str, Owned], certificate: Sequence[str] = ()) -> str:
    """The text with the fields, and with what is owned of ``extraArgs`` by the part that has them (``apiServer``,
    ``etcd.local``, ...). ``certificate``: names that the API server's certificate has; others stay.

    Raises EditError.
    """
    text = yaml_text.edit(text, fields)
    for part, owned in flags.items():
        text = _extra(text, tuple(part.split(".")), owned)
    held = _certificate_names(text)
    missing = names.lacking(certificate, held)
    return yaml_text.put(text, _NAMES, [*held, *missing]) if missing else text


def _certificate_names(text: str) -> list[str]:
    held = _entry(text, _NAMES)
    found = tree.value(held.value) if held else None
    if found and not (isinstance(found, list) and all(isinstance(each, str) for each in found)):
        raise EditError(
            held.line + 1 if held else 1, "certSANs is no list of texts", "write one name a line, each with a dash"
        )
    return list(found or ())


def _entry(text: str, path: Sequence[str]) -> tree.Entry | None:
    node, found = tree.read(text), None
    for place, key in enumerate(path):
        if not isinstance(node, tree.Mapping):
            if found is None:
                raise EditError(1, "this is no map in block style", "give a ClusterConfiguration of kubeadm")
            if tree.value(node):
                raise EditError(
                    found.line + 1, f"{'.'.join(path[:place])} is no map in block style", "write one key a line"
                )
            return None
        found = node.get(key)
        if not found:
            return None
        node = found.value
    return found


def _extra(text: str, part: tuple[str, ...], owned: Owned) -> str:
    version, held = _entry(text, ("apiVersion",)), _entry(text, (*part, "extraArgs"))
    if version and str(tree.value(version.value)).rsplit("/", 1)[-1] in _MAPS:
        return _map(text, part, held, owned)
    return _list(text, part, held, owned)


def _map(text: str, part: tuple[str, ...], held: tree.Entry | None, owned: Owned) -> str:
    before = tree.value(held.value) if held else None
    if before and not (isinstance(before, dict) and all(isinstance(each, str) for each in before.values())):
        raise EditError(held.line + 1 if held else 1, "extraArgs is no map of texts", 'write NAME: "VALUE", one a line')
    flags = [f"--{name}={value}" for name, value in (before or {}).items()]
    after = dict(_pair(each) for each in arguments.applied(flags, arguments.changes(flags, owned)))
    for name, value in after.items():
        text = yaml_text.put(text, (*part, "extraArgs", name), value)
    for name in before or {}:
        if name not in after:
            text = yaml_text.put(text, (*part, "extraArgs", name), None)
    return text if after or not before else yaml_text.put(text, (*part, "extraArgs"), None)


def _list(text: str, part: tuple[str, ...], held: tree.Entry | None, owned: Owned) -> str:
    items = _items(held) if held and tree.value(held.value) else []
    before = [f"--{each.name}={each.value.value}" for each in items]
    found = arguments.changes(before, owned)
    added = [dict(zip(("name", "value"), _pair(each))) for each in found.added]
    if not items:
        return yaml_text.put(text, (*part, "extraArgs"), added) if added else text
    if len(found.dropped) == len(items) and not added:
        return yaml_text.put(text, (*part, "extraArgs"), None)
    rewriting = Rewriting(text)
    for index, new in found.replaced.items():
        rewriting.scalar(items[index].value, _pair(new)[1])
    for index in found.dropped:
        rewriting.drop(items[index].start, items[index].stop)
    for entry in added:
        rewriting.insert(items[-1].stop, yaml_text.rendered([entry], items[-1].dash)[1:])
    return rewriting.text()


class _Item(NamedTuple):
    name: str
    value: tree.Scalar
    start: int
    stop: int
    dash: int


def _items(held: tree.Entry) -> list[_Item]:
    found = []
    for start, dash, item in held.value.items if isinstance(held.value, tree.Sequence) else ():
        name, value = (item.get(key) for key in ("name", "value")) if isinstance(item, tree.Mapping) else (None, None)
        if name and value and isinstance(value.value, tree.Scalar) and value.value.end is not None:
            told, given = tree.value(name.value), value.value.value
            if isinstance(told, str) and isinstance(given, str):
                found.append(_Item(told, value.value, start, item.stop, dash))
                continue
        raise EditError(start + 1, "an entry of extraArgs without a name and a value that is text", _SHAPE)
    if not found:
        raise EditError(held.line + 1, "extraArgs is no list in block style", _SHAPE)
    return found


def _pair(flag: str) -> tuple[str, str]:
    name, _equals, value = flag[2:].partition("=")
    return name, value
