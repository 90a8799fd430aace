"""Sets whose cubes CLEAN has cleaned: the same CLEAN as that of `df.clean`, of the dirty cube."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

import deepfocus as df
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import SquaredWeights
from deepfocus.core.settings import settings_to
from deepfocus.imaging.clean.cube import clean
from deepfocus.imaging.clean.minor import Clark
from deepfocus.imaging.clean.settings import Clean
from deepfocus.instrument.observation import Observation
from deepfocus.io.fits_cube import read_cube
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.gains import Gains
from deepfocus.simulation.sets import set_from
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.view import ByClean, Cleaned, Dirty
from deepfocus.sky.anywhere import SourcesAnywhere

SET = SetSettings(
    observation=Observation(channels=6, size=96, total_time=600 * u.s, integration=60 * u.s),
    population=SourcesAnywhere(
        sources=(2, 2), point_fraction=1.0, field_fraction=0.4, line_fwhm_chan=(2.0, 4.0)
    ),
    noise=Noise(target_snr=(30.0, 30.0)),
    imaging=ByClean(minor=Clark(), nsigma=4.0),
)


def test_a_cube_is_the_dirty_one_cleaned() -> None:
    made = simulate(SET, 4)
    dirty = simulate(replace(SET, imaging=Dirty()), 4)
    # a restored and a dirty cube have other peaks of a source, and so other levels of noise
    level = made.cube.noise.level_jy_beam / dirty.cube.noise.level_jy_beam
    assert level == pytest.approx(1.0, abs=0.1)
    noise_free = made.noise_free
    np.testing.assert_allclose(noise_free, dirty.noise_free, atol=1e-6 * noise_free.max())
    noise = (dirty.cube.data - dirty.noise_free) * level
    again = replace(dirty.cube, data=noise_free + noise, psf=dirty.scene.telescope.dirty_beam)
    expected = clean(again, Clean(minor=Clark(), nsigma=4.0)).image
    assert expected.beam.major_arcsec == pytest.approx(made.cube.beam.major_arcsec, rel=1e-3)
    # beams of the middle and of the largest channel differ by 1e-4; rounding may move a component
    assert np.abs(made.cube.data - expected.data).max() < 0.01 * made.cube.data.max()
    assert made.cube.psf is None
    assert isinstance(made.cube.noise.power, SquaredWeights)


def test_sidelobes_are_gone_and_sources_stay() -> None:
    made, ideal = simulate(SET, 4), simulate(replace(SET, imaging=Cleaned()), 4)
    assert made.truth["peak"] == pytest.approx(ideal.truth["peak"])
    sigma = made.cube.noise.level_jy_beam
    # an ideal CLEAN's cube has the same noise; a component is known to about the noise, and what
    # is left below 4 sigma is still dirty
    apart = made.cube.data - ideal.cube.data
    assert np.abs(apart).max() < 5 * sigma
    assert np.std(apart) < 0.5 * sigma
    before = made.noise_free - ideal.noise_free
    assert np.std(before) > 2 * np.std(apart)


def test_an_empty_sky_is_noise_alone() -> None:
    empty = replace(SET, population=SourcesAnywhere(sources=(0, 0)), imaging=ByClean(nsigma=8.0))
    dirty = simulate(replace(empty, imaging=Dirty()), 4)
    made = simulate(empty, 4)
    ratio = made.cube.noise.level_jy_beam / dirty.cube.noise.level_jy_beam
    np.testing.assert_allclose(made.cube.data, ratio * dirty.cube.data, rtol=1e-4, atol=1e-9)


def test_settings_go_into_a_file_and_back() -> None:
    table = {"imaging": {"kind": "clean", "nsigma": 2.5, "minor": {"kind": "clark", "gain": 0.2}}}
    settings = set_from(table, source="test")
    assert settings.imaging == ByClean(nsigma=2.5, minor=Clark(gain=0.2))
    assert set_from(settings_to(settings), source="again") == settings
    with pytest.raises(DeepFocusError, match="threshold_snr"):
        set_from({"imaging": {"kind": "clean", "threshold_snr": 2.0}}, source="test")


def test_the_page_of_settings_states_the_defaults() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    block = re.search(r'```toml\n(\[imaging\]\nkind = "clean".*?)```', page, re.S)
    assert block is not None
    assert set_from(tomllib.loads(block[1]), source="page").imaging == ByClean()
    for each in fields(ByClean):
        assert each.name in block[1]


def test_files_are_those_of_a_cleaned_cube(tmp_path: Path) -> None:
    FitsSet(SET, tmp_path).write([4])
    assert {path.name for path in tmp_path.glob("4.*")} == {
        "4.fits", "4.pb.fits", "4.pbcor.fits", "4.truth.fits", "4.truth.ecsv",
    }  # fmt: skip
    read = read_cube(tmp_path / "4.fits")
    assert read.psf is None
    assert isinstance(read.noise.power, SquaredWeights)
    with pytest.raises(DeepFocusError, match="no dirty beam"):
        df.clean(read)
    assert FitsSet(SET, tmp_path).check([4]) == []


def test_the_integrated_image_is_the_sum_of_the_cube() -> None:
    made = simulate(SET, 4)
    image, sky = integrated_image(SET, 4)
    # sums of single precision, in another order
    np.testing.assert_allclose(image, made.cube.data.sum(axis=0), atol=1e-5 * image.max())
    assert sky.components == made.sky.components


def test_clean_does_not_know_of_gain_errors() -> None:
    """What the air did to the data is neither in the beam that is subtracted nor in the noise."""
    bright = replace(SET, noise=Noise(target_snr=(300.0, 300.0)))
    gains = Gains(phase_rms=40 * u.deg, amplitude_rms=0.0)
    faulty = replace(bright, faults=Faults(gains=gains))
    perfect, made = simulate(bright, 4), simulate(faulty, 4)
    dirty, seen = (simulate(replace(each, imaging=Dirty()), 4).cube for each in (bright, faulty))
    # the fault moves neither the sky nor the noise
    level = made.cube.noise.level_jy_beam
    assert level == perfect.cube.noise.level_jy_beam
    kept = seen.data.max() / dirty.data.max()
    assert kept < 0.95
    # a point is as high as in the dirty cube, to a few times the noise
    assert made.cube.data.max() == pytest.approx(kept * perfect.cube.data.max(), abs=4 * level)
    sky = np.abs(simulate(replace(bright, imaging=Cleaned()), 4).noise_free)
    apart = sky < 1e-3 * sky.max()
    assert np.std(perfect.cube.data[apart]) == pytest.approx(level, rel=0.05)
    # what no beam explains stays, where it is below 4 sigma: here 0.2% of the peak, half the noise
    assert np.std(made.cube.data[apart]) > 1.08 * level
