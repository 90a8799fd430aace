"""Faults of a set: off unless given, independent of each other, unknown to the truth; in files."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from matplotlib.axes import Axes

from deepfocus.core.catalogue import NAMES
from deepfocus.core.settings import settings_to
from deepfocus.instrument.observation import Observation
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.set_store import open_store
from deepfocus.io.stored_cube import Packed, stored_cube
from deepfocus.ops.integrate import integrate
from deepfocus.report.preview import preview_figure
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.sets import set_from, set_to
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.stored_set import Recipe, StoredSet
from deepfocus.simulation.view import Cleaned
from deepfocus.sky.anywhere import SourcesAnywhere

SMALL = SetSettings(
    observation=Observation(channels=32, size=96, total_time=300 * u.s, integration=60 * u.s),
    population=SourcesAnywhere(sources=(2, 2), field_fraction=0.4, line_fwhm_chan=(3.0, 5.0)),
    noise=Noise(target_snr=(40.0, 40.0)),
)
TABLE = {
    "gains": {"phase_rms": "40 deg", "calibration": {"kind": "referenced", "cycle": "120 s"}},
    "pointing": {"rms": "2 arcsec"},
    "bandpass": {"amplitude": 0.1},
    "smoothing": {"averaged": 2},
    "flagged_channels": {"number": 3},
    "continuum": {"order": 1, "fit": [[0, 7], [24, 31]]},
    "stated": {"kind": "scaled", "factor": 1.1},
}
ALL = set_from(settings_to(SMALL) | {"faults": TABLE}, source="a test").faults


def test_a_set_without_faults_does_not_mention_them() -> None:
    assert "faults" not in settings_to(SMALL)
    assert set_from({"faults": {}}, source="a test") == SetSettings()


def test_faults_come_from_a_table_and_go_into_one() -> None:
    whole = replace(SMALL, faults=ALL)
    assert settings_to(whole)["faults"]["gains"]["calibration"] == {
        "kind": "referenced", "cycle": "120.0 s",
    }  # fmt: skip
    assert set_from(set_to(whole), source="a test") == whole


@pytest.mark.parametrize("imaging", [None, Cleaned(threshold_snr=2.0)])
@pytest.mark.parametrize("name", TABLE)
def test_the_truth_does_not_know_of_a_fault(name: str, imaging: Cleaned | None) -> None:
    settings = SMALL if imaging is None else replace(SMALL, imaging=imaging)
    plain = simulate(settings, 4)
    faulty = simulate(replace(settings, faults=Faults(**{name: getattr(ALL, name)})), 4)
    for column in NAMES:
        np.testing.assert_array_equal(faulty.truth[column], plain.truth[column])
    moved = not np.array_equal(faulty.cube.data, plain.cube.data)
    assert moved == (name != "stated")
    assert faulty.cube.data.dtype == np.float32


def test_a_fault_draws_the_same_whatever_the_others_are() -> None:
    one = simulate(replace(SMALL, faults=Faults(flagged_channels=ALL.flagged_channels)), 4)
    both = simulate(replace(SMALL, faults=ALL), 4)
    np.testing.assert_array_equal(np.isnan(one.cube.data), np.isnan(both.cube.data))
    again = simulate(replace(SMALL, faults=ALL), 4)
    np.testing.assert_array_equal(both.cube.data, again.cube.data)


def test_every_fault_is_tested_here() -> None:
    assert {field.name for field in fields(Faults)} == {"flagged_antennas", *TABLE}


def test_the_summed_image_is_that_of_the_faulty_cube() -> None:
    settings = replace(SMALL, faults=ALL)
    image, sky = integrated_image(settings, 4)
    made = simulate(settings, 4)
    np.testing.assert_array_equal(image, integrate(made.cube.data))
    assert np.isfinite(image).all()
    assert sky.components == made.sky.components


def test_blank_channels_are_kept_in_files(tmp_path: Path) -> None:
    settings = replace(SMALL, faults=ALL)
    made = simulate(settings, 4)
    FitsSet(settings, tmp_path / "fits").write([4])
    np.testing.assert_array_equal(read_cube(tmp_path / "fits" / "4.fits").array, made.cube.data)
    recipe = Recipe(settings, Packed(), derive=lambda made: ({}, {}))
    StoredSet(recipe, tmp_path / "set.zarr").write([4])
    stored = stored_cube(open_store(tmp_path / "set.zarr"), 4)
    # half a step of 1/16 of the noise
    level = made.cube.noise.level_jy_beam
    np.testing.assert_allclose(stored.data, made.cube.data, atol=level / 31)
    np.testing.assert_array_equal(stored.psf, made.cube.psf)


def test_a_preview_sums_what_is_not_blank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = simulate(replace(SMALL, faults=ALL), 4)
    shown = []
    draw = Axes.imshow
    monkeypatch.setattr(
        Axes, "imshow", lambda axes, image, **how: shown.append(image) or draw(axes, image, **how)
    )
    preview_figure(made.cube, made.noise_free, made.truth, tmp_path / "preview.png")
    assert np.isfinite(shown[0]).all()
    assert shown[0].any()
