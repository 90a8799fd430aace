"""Whatever stands in a list of another program, the answer is a catalogue or one clear sentence."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from foreign_samples import grid, three
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deepfocus as df
from deepfocus.core.errors import DeepFocusError

NAMES = {
    "sofia": ("found.xml", "found.txt"),
    "lineseeker": ("found.dat",),
    "pybdsf": ("found.srl", "found.fits"),
}
CASES = [(format, name) for format, names in NAMES.items() for name in names]
PIECES = st.sampled_from(
    [b"", b" ", b"\n", b"#", b"nan", b"-1e400", b"x", b"0", b"\xff", b"<", b'"']
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lists of two sources."""
    folder = tmp_path_factory.mktemp("lists")
    found = three(grid(), channel=[20.5] * 3)
    for format, name in CASES:
        df.write(found, folder / name, format=format)
    return folder


@pytest.mark.parametrize(("format", "name"), CASES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.floats(0, 1), length=st.integers(0, 60), piece=PIECES)
def test_a_piece_replaced_by_another(
    tmp_path: Path, written: Path, format: str, name: str, start: float, length: int, piece: bytes
) -> None:
    whole = (written / name).read_bytes()
    at = int(start * len(whole))
    path = tmp_path / name
    path.write_bytes(whole[:at] + piece + whole[at + length :])
    for on in (grid(), None):
        with warnings.catch_warnings(), suppress(DeepFocusError):
            warnings.simplefilter("ignore")  # of infinite numbers, which are the list's own
            assert len(df.read_catalogue(path, format=format, grid=on)) <= 3
