"""Blanks that are written as numbers, and numbers that are no blanks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fits_samples import image

from deepfocus.io.blanks import blank_in_place
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.survey import PLANE_SAMPLE, SAMPLE, survey_of

SHAPE = (24, 40, 48)
SIGMA = 1e-3


def _noise(seed: int = 1, source: float = 0.05) -> np.ndarray:
    """(chan, y, x) noise and a source."""
    data = np.random.default_rng(seed).normal(0.0, SIGMA, SHAPE)
    return (data + _source(source)).astype(np.float32)


def _source(peak: float, fwhm_chan: float = 5.0) -> np.ndarray:
    """(chan, y, x) a Gaussian with a line, without noise."""
    chan, y, x = np.indices(SHAPE).astype(float)
    sky = np.exp(-((y - 18) ** 2 + (x - 25) ** 2) / 8)
    return peak * sky * np.exp(-4 * np.log(2) * ((chan - 11) / fwhm_chan) ** 2)


def _edge() -> np.ndarray:
    """(y, x) the corners of a mosaic."""
    y, x = np.indices(SHAPE[1:])
    return np.hypot(y - 20, x - 24) > 22


@pytest.mark.parametrize("number", [-1e10, -1000.0, -999.0, 9999.0, 1e20, -3.4e38, -1.0])
@pytest.mark.parametrize("where", ["corners", "channels", "some voxels"])
def test_a_number_far_outside_is_a_blank(number: float, where: str) -> None:
    data = _noise()
    blank = np.zeros(SHAPE, bool)
    if where == "corners":
        blank[:, _edge()] = True
    elif where == "channels":
        blank[4:9] = True
    else:
        blank[3:20, 7, 9] = True
    data[blank] = number
    expected = np.where(blank, np.nan, data)
    notes = blank_in_place(data)
    np.testing.assert_array_equal(data, expected)
    assert len(notes) == 1
    assert f"{np.float32(number):g} in " in notes[0]


@pytest.mark.parametrize("number", [8.4e35, -2e15])
def test_a_single_voxel_that_no_telescope_sees_is_blank(number: float) -> None:
    data = _noise()
    data[3, 7, 9], data[5, 2, 2] = number, 2 * number
    notes = blank_in_place(data)
    assert np.argwhere(np.isnan(data)).tolist() == [[3, 7, 9], [5, 2, 2]]
    assert notes == ("values beyond 1e+15 in 2 channels: read as blank",)


def test_several_numbers_are_blanks() -> None:
    data = _noise()
    blank = np.zeros(SHAPE, bool)
    blank[:, _edge()] = True
    blank[2:4] = True
    data[:, _edge()] = -1e10
    data[2] = -1000.0
    data[3] = 0.0
    expected = np.where(blank, np.nan, data)
    assert len(blank_in_place(data)) == 3
    np.testing.assert_array_equal(data, expected)


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_a_constant_channel_has_no_data(offset: float) -> None:
    data = _noise()
    data[5:18] = offset * SIGMA  # 13 of 24
    notes = blank_in_place(data)
    assert np.isnan(data[5:18]).all()
    assert np.isfinite(np.delete(data, slice(5, 18), axis=0)).all()
    assert notes == ("13 channels of one value alone: read as blank",)


def test_zeros_in_corners_are_blank() -> None:
    data = _noise()
    data[:, _edge()] = 0.0
    notes = blank_in_place(data)
    np.testing.assert_array_equal(np.isnan(data), np.broadcast_to(_edge(), SHAPE))
    assert "exact zeros" in notes[0]


def test_zeros_whose_place_changes_with_the_channel_are_blank() -> None:
    data = _noise()
    data[:12, :, :6] = 0.0
    data[12:, :, :9] = 0.0
    blank_in_place(data)
    assert np.isnan(data[:12, :, :6]).all()
    assert np.isnan(data[12:, :, :9]).all()
    assert np.count_nonzero(np.isnan(data)) == 12 * 40 * 15


def _cut(data: np.ndarray, at: float) -> np.ndarray:
    return np.where(np.abs(data) < at, 0.0, data)


@pytest.mark.parametrize(
    "data",
    [
        _source(1.0),  # wings fade away, and channels far from the line are exactly zero
        _source(1.0, 2.0),
        -_source(1.0),
        _cut(_source(1.0), 0.05),  # a sky model: exact zeros nearly everywhere
        (_source(1.0) > 0.5) * 0.25,  # one value
        (_source(1.0) > 0.5) * 1.0 + (_source(1.0) > 0.2) * 0.01,  # two, far from each other
        _source(1.0) - 0.5 * np.roll(_source(1.0), 9, axis=2),  # emission and absorption
        np.clip(_noise(), 0, None),  # negative values are cut off
        _cut(_noise(), 3 * SIGMA),  # insignificant ones are
        np.zeros(SHAPE),
        np.full(SHAPE, 3.0),
    ],
    ids=["wings", "narrow", "absorption", "sky model", "top hat", "two top hats", "both", "clipped",
         "thresholded", "zero", "constant"],
)  # fmt: skip
def test_a_cube_without_noise_keeps_its_zeros(data: np.ndarray) -> None:
    data = data.astype(np.float32)
    before = data.copy()
    assert blank_in_place(data) == ()
    np.testing.assert_array_equal(data, before)


def test_noise_alone_and_bright_sources_are_left_as_they_are() -> None:
    for peak in (0.0, 0.05, 10.0):
        data = _noise(source=peak)
        data[3, 4, 5] = -1.0  # a single spike is no blank
        before = data.copy()
        assert blank_in_place(data) == ()
        np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize("step", [0.02, 0.1, 0.5])
def test_rounded_values_repeat_without_being_blank(tmp_path: Path, step: float) -> None:
    # 16-bit integers: zeros and extremes are repeated by chance
    data = np.clip(np.round(_noise(source=0.02) / (step * SIGMA)), -32768, 32767)
    before = data.astype(np.float32)
    after = before.copy()
    assert blank_in_place(after) == ()
    np.testing.assert_array_equal(after, before)
    after[7], before[7] = 0.0, np.nan
    after[:, _edge()], before[:, _edge()] = 0.0, np.nan
    after[2:4], before[2:4] = -32768, np.nan
    assert len(blank_in_place(after)) == 3
    np.testing.assert_array_equal(after, before)


def test_the_reader_says_what_it_blanked(tmp_path: Path) -> None:
    data = np.random.default_rng(2).normal(0.0, 1.0, (9, 10, 12)).astype(">f4")
    data[4] = -1000.0
    image(data=data, BUNIT="mJy/beam").writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits")
    assert np.isnan(cube.data[4]).all()
    assert np.isfinite(np.delete(cube.data, 4, axis=0)).all()
    assert cube.meta["notes"] == ("-1000 in 11% of the voxels: read as blank",)


def test_a_zero_by_chance_is_data() -> None:
    data = np.random.default_rng(3).normal(0.0, SIGMA, (32, 128, 128)).astype(np.float32)
    data[3, 4, 5] = data[9, 90, 17] = 0.0
    before = data.copy()
    assert blank_in_place(data) == ()
    np.testing.assert_array_equal(data, before)


def test_the_sample_of_many_channels_is_thinned_and_that_of_few_is_not() -> None:
    for channels, most in ((1024, PLANE_SAMPLE), (30_000, SAMPLE // 30_000)):
        # no more than the step between two samples needs
        planes = np.broadcast_to(np.float32(1.0), (channels, 64, 64 * 8))
        samples = survey_of(planes).samples
        assert most / 2 < len(samples[0]) <= most + 1
        assert len(samples) == channels


def test_a_negative_zero_is_a_zero() -> None:
    data = _noise() + np.float32(0.2)  # zeros are far outside
    data[:, _edge()] = -0.0
    assert blank_in_place(data)[0].startswith("0 in ")
    np.testing.assert_array_equal(np.isnan(data), np.broadcast_to(_edge(), SHAPE))
