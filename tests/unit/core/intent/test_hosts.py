# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses of endpoints, certificates and domains: what is read, what is refused, with which fix."""

from __future__ import annotations

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from dualstack.findings import Finding
from dualstack.intent.shapes import DOMAIN, HOST, INVALID, NAME_OF_CERTIFICATE, Shape

LONG = ".".join(["a" * 63] * 3) + "." + "b" * 61  # 253 characters


def read(shape: Shape, text: object) -> tuple[object, list[Finding]]:
    found: list[Finding] = []
    return shape.read(text, "here", found.append), found


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        *[
            (shape, text, text)
            for shape in (HOST, NAME_OF_CERTIFICATE)
            for text in ("api", "a-1.b--c", "1and1.x", LONG)
        ],
        (HOST, "10.1.1.9", "10.1.1.9"),
        (HOST, "FD00:1:0::9", "fd00:1::9"),
        (HOST, "::ffff.example", None),
        (NAME_OF_CERTIFICATE, "*.example.net", "*.example.net"),
        (NAME_OF_CERTIFICATE, "fd00::09", "fd00::9"),
        (DOMAIN, "cluster.local", "cluster.local"),
        (DOMAIN, "k8s.1", "k8s.1"),
        (DOMAIN, LONG, LONG),
    ],
)
def test_what_is_read(shape: Shape, text: str, value: str | None) -> None:
    found, findings = read(shape, text)
    assert (found is INVALID) == (value is None) == bool(findings)
    assert value is None or found == value
    for draft in (Draft7Validator, Draft202012Validator):
        assert value is None or draft(shape.json_schema()).is_valid(text)


@pytest.mark.parametrize(
    ("shape", "text", "rule", "words"),
    [
        (HOST, "x:6443", "syntax", "Write x alone"),
        (HOST, "10.1.1.9:6443", "syntax", "Write 10.1.1.9 alone"),
        (HOST, "[fd00:1:1::9]:6443", "syntax", "Write fd00:1:1::9 alone"),
        (HOST, "[fd00:1:1::9]", "syntax", "Write fd00:1:1::9 alone"),
        (HOST, "UPPER.example", "syntax", "Write upper.example."),
        *[
            (shape, text, rule, "Write ")
            for shape in (HOST, NAME_OF_CERTIFICATE)
            for text, rule in (
                ("x..y", "syntax"),
                ("a_b", "syntax"),
                ("x.", "syntax"),
                ("-x", "syntax"),
                ("", "syntax"),
                ("https://x/", "syntax"),
                ("x.300", "syntax"),
                ("a" * 64, "syntax"),
                ("fd00::zz", "address-syntax"),
                ("fd00:1:1::9%eth0", "address-syntax"),
                ("10.1.1.300", "address-syntax"),
                ("10.1.1", "address-syntax"),
                ("010.1.1.9", "address-syntax"),
            )
        ],
        (HOST, "*.example.net", "syntax", "Write a DNS name"),
        (NAME_OF_CERTIFICATE, "*", "syntax", "Write a DNS name"),
        (NAME_OF_CERTIFICATE, "a.*.net", "syntax", "Write a DNS name"),
        *[(shape, f"b.{LONG}", "syntax", "Choose a shorter one") for shape in (HOST, NAME_OF_CERTIFICATE, DOMAIN)],
        (DOMAIN, "Cluster.local", "syntax", "Write cluster.local."),
        (DOMAIN, "cluster.local.", "syntax", "without a final dot"),
        *[(shape, 5, "type", "quotes") for shape in (HOST, DOMAIN)],
    ],
)
def test_what_is_refused(shape: Shape, text: object, rule: str, words: str) -> None:
    found, [finding] = read(shape, text)
    assert found is INVALID
    assert (finding.id, finding.path) == (rule, "here")
    assert words in finding.fix
