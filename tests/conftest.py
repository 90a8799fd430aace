"""What every test may use: a seeded generator, data kept beside the repository, hypothesis."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # figures are written, never shown

# The same examples in every run: a test that fails here fails on the next machine too.
settings.register_profile("deepfocus", deadline=None, derandomize=True)
settings.load_profile("deepfocus")

SEED = 3407

TINY_SET = """
[observation]
size = 64
channels = 32
channel_width = "40 MHz"
total_time = "100 s"
[population]
companions = [1, 1]
offset_px = [-15.0, 15.0]
[noise]
kind = "white"
target_snr = [60.0, 60.0]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups come first: the tests of one run one after the other and mostly wait for others."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture
def rng() -> np.random.Generator:
    """A fresh generator with a fixed seed; DEEPFOCUS_TEST_SEED tries another."""
    return np.random.default_rng(int(os.environ.get("DEEPFOCUS_TEST_SEED", SEED)))


@pytest.fixture
def tiny_set(tmp_path: Path) -> Path:
    """Settings `tiny.toml` of a set of two bright sources in a small cube."""
    path = tmp_path / "tiny.toml"
    path.write_text(TINY_SET)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder `shared` beside the repository: reference images and real cubes.

    They are too large for the repository; tests that need them are skipped without them.
    """
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no folder 'shared' with reference data beside the repository")
    return folder
