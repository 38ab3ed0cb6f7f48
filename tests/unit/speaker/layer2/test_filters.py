# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's filters, run by a small interpreter of classic BPF: what they keep and what they drop."""

from __future__ import annotations

import pytest

from dualstack_speaker.layer2 import bpf


def run(program: list[tuple[int, int, int, int]], frame: bytes) -> bool:
    """Whether the program keeps the frame; a load beyond the end drops it, as in the kernel."""
    at = accumulator = 0
    while True:
        code, true, false, k = program[at]
        at += 1
        if code == 0x06:
            return k > 0
        if code == 0x15:
            at += true if accumulator == k else false
            continue
        size = {0x30: 1, 0x28: 2}[code]
        if k + size > len(frame):
            return False
        accumulator = int.from_bytes(frame[k : k + size], "big")


ARP = bytes(12) + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20)
NS = bytes(12) + b"\x86\xdd" + bytes(6) + bytes((58, 255)) + bytes(32) + bytes((135,)) + bytes(23)


@pytest.mark.parametrize(
    ("program", "frame", "kept"),
    [
        (bpf.ARP_REQUESTS, ARP, True),
        (bpf.ARP_REQUESTS, ARP[:21] + b"\x02" + ARP[22:], False),
        (bpf.ARP_REQUESTS, NS, False),
        (bpf.ARP_REQUESTS, ARP[:20], False),
        (bpf.SOLICITATIONS, NS, True),
        (bpf.SOLICITATIONS, NS[:54] + b"\x88" + NS[55:], False),
        (bpf.SOLICITATIONS, NS[:20] + b"\x06" + NS[21:], False),
        (bpf.SOLICITATIONS, ARP, False),
        (bpf.SOLICITATIONS, NS[:54], False),
    ],
)
def test_filter(program: list[tuple[int, int, int, int]], frame: bytes, kept: bool) -> None:
    assert run(program, frame) is kept
