"""Settings on the command line, and back as TOML."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.cli.overrides import resolved_settings
from deepfocus.cli.toml_text import toml_text
from deepfocus.core.errors import DeepFocusError

KEYS = st.text(min_size=1, max_size=6)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(KEYS, SCALARS))
TABLES = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=4),
    lambda inner: st.dictionaries(KEYS, st.one_of(VALUES, inner), max_size=3),
    max_leaves=8,
)


@given(TABLES)
def test_toml_reads_back_what_was_written(table: dict) -> None:
    assert tomllib.loads(toml_text(table)) == table


def test_toml_of_what_is_odd() -> None:
    read = tomllib.loads(toml_text({"nan": math.nan, "none": None, "list": [{"a": [1, 2]}]}))
    assert math.isnan(read["nan"])
    assert read["list"] == [{"a": [1, 2]}]
    assert "none" not in read


@dataclass(frozen=True)
class Inner:
    threshold: float = 0.1
    name: str = "a"


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    cell: u.Quantity = 0.1 * u.arcsec
    pair: tuple[float, float] = (1.0, 2.0)


def test_pairs_override_the_file_which_overrides_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('cell = "0.2 arcsec"\n[inner]\nthreshold = 0.3\nname = "b"\n')
    pairs = ["inner.threshold=0.5", "cell = 1 deg", "pair=[3, 4]"]
    settings = resolved_settings(Outer, file, pairs)
    assert settings == Outer(Inner(0.5, "b"), 1 * u.deg, (3.0, 4.0))
    assert resolved_settings(Outer, None, []) == Outer()


@pytest.mark.parametrize("pair", ["inner", "=1", "cell.deep=1", "inner.treshold=1", "cell=1"])
def test_bad_pairs(pair: str) -> None:
    with pytest.raises(DeepFocusError):
        resolved_settings(Outer, None, [pair])


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("flux.crop_px=63.5", "63.5 is not a whole number"),
        ("flux.crop_px=true", "true is not a whole number"),
        ("blobs_finder.threshold=true", "true is not a number"),
        ("min_probability=nan", "nan is not a number"),
        ("blobs_finder.split_touching=no", "'no' is neither true nor false"),
        ("flux.crop_px=0", "value: flux.crop_px is 0; wanted 8 to 1024"),
        ("blobs_finder.overlap_px=256", "value: tiles of 256 pixels that overlap by 256"),
        ("domain.channels=[64]", "domain.channels"),
    ],
)
def test_values_that_python_would_bend_are_refused(pair: str, words: str) -> None:
    from deepfocus.pipeline.settings import PipelineSettings

    with pytest.raises(DeepFocusError) as caught:
        resolved_settings(PipelineSettings, None, [pair])
    assert words in str(caught.value)
    assert "unknown error" not in str(caught.value)


def test_values_of_every_kind_are_taken() -> None:
    from deepfocus.pipeline.settings import PipelineSettings

    pairs = ["flux.crop_px=32.0", "min_probability=0", "domain.channels=[8,9]"]
    settings = resolved_settings(PipelineSettings, None, [*pairs, "focusing.plateau=1e-3"])
    assert settings.flux.crop_px == 32
    assert settings.min_probability == 0
    assert settings.domain.channels == (8, 9)
    assert settings.focusing.plateau == 1e-3
