# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run of the modules that install daemons: compare, let the new programs check the new files, write, run.

A host that has the programs and a good token already needs neither of them carried to it, and is done in one call.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import subprocess
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from . import daemon_token, daemon_units, daemon_user, host_files, speaker_host
from .daemon_units import Outcome
from .dualstack.kubernetes import tokens
from .speaker_host import Product, Wanted

ARGUMENTS: dict[str, Any] = {
    "bundles": {"type": "dict", "required": True},
    "digests": {"type": "dict", "required": True},
    "contents": {"type": "dict", "default": {}, "no_log": True},  # only to keep them out of the system's log
    "files": {"type": "dict", "required": True},
    "units": {"type": "dict", "required": True},
    "access": {"type": "dict", "options": daemon_token.ARGUMENTS},
    "run": {"type": "bool", "default": False},
    "restart": {"type": "bool", "default": True},
    "python": {"type": "path", "default": "/usr/bin/python3"},
}
_NOT_RUN = Outcome({}, [], {})


def run(module: AnsibleModule, product: Product, secrets: Mapping[str, str], keys: Mapping[str, str]) -> None:
    """One run of a module, which ends it."""
    given = module.params
    bundles = _bundles(module, product)
    access = daemon_token.look(given["access"], given["user"]) if given["access"] else None
    lacking = ["programs"] if len(bundles) < len(product.bundles) else []
    lacking += ["token"] if access and access.lacking else []
    if lacking:
        module.exit_json(changed=False, lacking=lacking, files=[], units=[], actions={}, pending=[], diff=[])
        return
    wanted = _wanted(module, bundles, product, secrets, keys)
    user = daemon_user.difference(wanted.user, product.about)
    before = speaker_host.read_manifest(product)
    manifest = speaker_host.manifest(wanted, before)
    folders = [entry for entry in speaker_host.folders(wanted) if not host_files.folder(*entry)]
    changes = host_files.compare([*speaker_host.files(wanted), manifest], speaker_host.stale(before, manifest))
    token = access if access and access.changed(module.check_mode) else None
    if changes:
        _check(module, wanted)
    if not module.check_mode:
        if user:
            daemon_user.make(module, wanted.user, product.about)
        for entry in folders:
            host_files.make_folder(*entry)
        host_files.apply(changes)
        if token:
            token.apply()
    warning = tokens.short_life(token.token or "") if token else ""
    if warning:
        module.warn(warning)
    units = [
        {"name": unit, "generation": speaker_host.generation(wanted, unit), "frame": speaker_host.frame(wanted, unit)}
        for unit in product.configs
    ]
    running = daemon_units.bring(module, units, given["restart"]) if given["run"] else _NOT_RUN
    shown = [change for change in changes if change.path != product.manifest]
    diffs = [user, *(change.diff() for change in shown), token.diff() if token else {}]
    module.exit_json(
        changed=bool(user or changes or folders or token or running.done),
        lacking=[],
        files=[change.path for change in shown],
        units=units,
        actions=running.done,
        pending=running.pending,
        diff=[diff for diff in diffs if diff] + ([running.diff] if running.done else []),
    )


def _bundles(module: AnsibleModule, product: Product) -> dict[str, tuple[str, bytes]]:
    """The programs: those that are given, else those that the host has and that are as their digests say."""
    given = module.params
    try:
        names = {daemon: (str(given["bundles"][daemon]), str(given["digests"][daemon])) for daemon in product.bundles}
        if given["contents"]:
            return {
                daemon: (name, base64.b64decode(given["contents"][daemon], validate=True))
                for daemon, (name, _digest) in names.items()
            }
    except (KeyError, TypeError, binascii.Error):
        module.fail_json(
            msg="bundles, digests, contents: give what the module baremetal.dualstack.speaker_bundle returns"
        )
        raise
    found = {daemon: (name, installed(name, digest)) for daemon, (name, digest) in names.items()}
    return {daemon: (name, content) for daemon, (name, content) in found.items() if content is not None}


def installed(name: str, digest: str) -> bytes | None:
    """A program of this host; None when it is not there, or is another one."""
    try:
        with open(speaker_host.bundle_path(name), "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _wanted(
    module: AnsibleModule,
    bundles: Mapping[str, tuple[str, bytes]],
    product: Product,
    secrets: Mapping[str, str],
    keys: Mapping[str, str],
) -> Wanted:
    given = module.params
    if set(given["units"]) != set(product.configs):
        module.fail_json(msg=f"units: {' and '.join(product.configs)} are expected, not {', '.join(given['units'])}")
    return Wanted(bundles, given["files"], secrets, given["units"], given["python"], given["user"], keys, product)


def _check(module: AnsibleModule, wanted: Wanted) -> None:
    """Fails when the host's Python is too old or the programs object."""
    try:
        command = [wanted.python, "-c", "import sys; raise SystemExit(sys.version_info < (3, 9))"]
        old = subprocess.run(command, capture_output=True, check=False).returncode
    except OSError as error:
        module.fail_json(msg=f"python: {wanted.python} cannot be run: {error.strerror}")
        return
    if old:
        module.fail_json(msg=f"python: {wanted.python} is older than 3.9; name a newer one")
    objections = speaker_host.check(wanted)
    if objections:
        text = "\n".join(f"- {line}" for line in objections)
        module.fail_json(
            msg=f"nothing was installed: the new programs refuse the new files:\n{text}", errors=objections
        )
