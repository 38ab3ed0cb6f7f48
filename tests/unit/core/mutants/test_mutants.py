# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slip of the hand anywhere in an intent is found, changes nothing, or is an intent of its own with a reason.

The score is printed; artifacts/mutants/ lists every legitimate one with its reason.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fabrics
import mutants
import pytest

from dualstack.findings import Finding
from dualstack.plan.build import make

sys.path.insert(0, str(Path(__file__).parent))

from legitimate import LEGITIMATE, reason

FABRICS = ["demo", "existing-routers", "layer2-only", "leaf-spine", "two-clusters"]
EVERY = 4  # of the mutants, one in so many runs with the other tests
CAUGHT, UNCHANGED, LEGIT, MISSED = OUTCOMES = "caught", "plan unchanged", "legitimate", "MISSED"


def verdicts(example: str, every: int) -> Iterator[tuple[mutants.Mutant, str]]:
    """Each mutant with what became of it."""
    plan, known = make(*fabrics.read(example))
    assert plan is not None
    for number, mutant in enumerate(mutants.of(*fabrics.read(example))):
        if number % every == 0:
            yield mutant, verdict(mutant, plan, known)


def verdict(mutant: mutants.Mutant, plan: Mapping[str, Any], known: list[Finding]) -> str:
    changed, findings = make(mutant.data, mutant.hosts)
    told = {(finding.id, finding.path, finding.value) for finding in known}
    new = [finding for finding in findings if (finding.id, finding.path, finding.value) not in told]
    if any(names(finding, mutant) for finding in new):
        return CAUGHT
    if changed is None:
        return MISSED
    if decisions(changed) == decisions(plan):
        return UNCHANGED
    return LEGIT if reason(mutant.path, mutant.kind) else MISSED


def decisions(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without what it remembers of the intent's wording."""
    return {key: value for key, value in plan.items() if key not in ("hash", "stated")}


def names(finding: Finding, mutant: mutants.Mutant) -> bool:
    """Whether the finding leads to the place.

    By its path or one above it, its key, its host, the name of what it belongs to, or what stands or stood there.
    """
    text = str(finding)
    if any(place in text for place in above(mutant.path)):
        return True
    host, found, _rest = mutant.path.partition(": dualstack_host")
    if found and re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text):
        return True
    words = [*mutant.owners, *re.findall(r"[.:]([\w-]+)(?:\[\d+\])*$", mutant.path)]
    if any(len(word) > 3 and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in words):
        return True
    gone = mutants.texts(mutant.before) if mutant.kind in ("dropped", "emptied") else ()
    after = str(mutant.after) if isinstance(mutant.after, int) else ""
    return any(len(value) > 3 and value in text for value in (after, *mutants.texts(mutant.after), *gone))


def above(path: str) -> Iterator[str]:
    """A path and the ones above it, as far as they say more than ``dualstack`` or ``dualstack.fabric``."""
    while path.removeprefix("dualstack.").removeprefix("fabric") not in ("", "dualstack"):
        yield path.removeprefix("dualstack.")
        path = re.sub(r"(\[\d+\]|[.:][^.\[:]*)$", "", path) if re.search(r"[.\[:]", path) else ""


@pytest.mark.parametrize("example", FABRICS)
def test_mutants(
    example: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    every = 1 if request.config.getoption("--hypothesis-profile") == "soak" else EVERY
    found = list(verdicts(example, every))
    score = Counter(outcome for _unused, outcome in found)
    with capsys.disabled():
        print(f"\n{example}: {len(found)} mutants:", ", ".join(f"{score[name]} {name}" for name in OUTCOMES))
    lines = [
        f"{outcome}: {mutant}: {reason(mutant.path, mutant.kind)}" for mutant, outcome in found if outcome == LEGIT
    ]
    (checkout / "artifacts" / "mutants").mkdir(parents=True, exist_ok=True)
    (checkout / "artifacts" / "mutants" / f"{example}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert len(found) >= 380 // every
    assert not [str(mutant) for mutant, outcome in found if outcome == MISSED]


def test_every_reason_is_a_sentence_of_its_own() -> None:
    assert all(len(entry.reason.split()) >= 3 for entry in LEGITIMATE)
    assert len({(entry.place, entry.kinds) for entry in LEGITIMATE}) == len(LEGITIMATE)


def test_a_mutant_that_nothing_explains_is_missed() -> None:
    assert reason("dualstack.cluster.families[0]", "other family") is None
    assert reason("tor1: dualstack_host.loopback[0]", "mixed families") is None
