"""A Slurm of this host's own, for the tests of a module."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from one_host import OneHostSlurm


@pytest.fixture(scope="module")
def slurm() -> Iterator[OneHostSlurm]:
    # a short path: sockets of munge live below it
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    one = OneHostSlurm(folder / "s")
    try:
        one.start()
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)
