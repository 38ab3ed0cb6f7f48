# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the operator's first steps on bare Debian systems: a minimal root file system, git, make, and a clone of HEAD.

    run.py [bookworm|trixie]… [--keep]

So that no install step hides which somebody once did by hand. The network, and how apt and pip reach their packages,
are this machine's: resolver, certificates, proxies and pip's configuration are copied over.
Output: ``artifacts/fresh/<suite>.txt``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "molecule"))

from lab import cgroups, paths, roots  # noqa: E402

TARGETS = ("demo", "unit")
PACKAGES = "git,make,ca-certificates"
FILES = (
    "etc/resolv.conf",
    "etc/hosts",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pip.conf",
    "root/.config/pip/pip.conf",
)
ENVIRONMENT = re.compile(
    r"(?i)(https?|no|all)_proxy|PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT)|SSL_CERT_FILE|REQUESTS_CA_BUNDLE"
)
REACHING = re.compile(r"Acquire::(\w+::)*(Proxy|CaInfo|Proxy-Auto-Detect)\b")


def prepare(suite: str, root: Path) -> None:
    """A bare system with a clone of HEAD in ``/root/collection``."""
    build = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory", f"--include={PACKAGES}"]
    subprocess.run([*build, suite, str(root), *roots.mirrors(suite)], check=True)
    for name in FILES:
        if (Path("/") / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path("/") / name, root / name)
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    reaching = [line for line in dump.splitlines() if REACHING.match(line)]
    (root / "etc/apt/apt.conf.d/90machine").write_text("".join(f"{line}\n" for line in reaching), encoding="utf-8")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(root / "root/collection")], check=True)


def run(suite: str, root: Path, log: Path) -> bool:
    """Run the targets; the output goes to the log, its lines of progress also to the terminal."""
    environment = {name: value for name, value in os.environ.items() if ENVIRONMENT.fullmatch(name)}
    environment |= {
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
    command += [str(Path(__file__).with_name("inside.sh")), str(root), *TARGETS]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            if re.match(r"(fresh|demo|set-up|evidence|checks|===)\b|.* (passed|failed)", line):
                print(f"  {suite}: {line}", end="", flush=True)
    return process.wait() == 0


def clear(root: Path) -> None:
    """Remove what an interrupted run left outside its namespaces: the cgroups of its labs; then the system itself."""
    for record in root.glob("root/.cache/baremetal-dualstack/labs/*/state.json"):
        for group in json.loads(record.read_text(encoding="utf-8"))["cgroups"]:
            cgroups.end_processes(Path(group))
            cgroups.remove(Path(group))
    shutil.rmtree(root)


def main() -> int:
    parser = argparse.ArgumentParser(description="make demo and make unit on bare Debian systems")
    parser.add_argument("suites", nargs="*", metavar="SUITE", choices=[[], *roots.SUITES], help=", ".join(roots.SUITES))
    parser.add_argument("--keep", action="store_true", help="leave the system behind, for a look")
    arguments = parser.parse_args()
    results = {}
    for suite in arguments.suites or roots.SUITES:
        root = paths.cache() / "fresh" / f"{suite}-{os.getpid()}"
        root.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        try:
            prepare(suite, root)
            print(f"  {suite}: bare system ready in {time.monotonic() - began:.0f} s", flush=True)
            results[suite] = run(suite, root, ROOT / "artifacts" / "fresh" / f"{suite}.txt")
        finally:
            if not arguments.keep:
                clear(root)
    for suite, passed in results.items():
        print(f"fresh {suite}: {'passed' if passed else f'FAILED, see artifacts/fresh/{suite}.txt'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
