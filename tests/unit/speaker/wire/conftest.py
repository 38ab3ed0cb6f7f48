"""The process itself, on sockets below a temporary folder: it needs no right to run without layer-2 addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Wire


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    process = Wire(tmp_path)
    process.start()
    yield process
    process.end()
