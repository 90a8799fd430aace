"""What is said of a cube before it is searched is what it was made with."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import deepfocus as df
from deepfocus.core.cube import Cube
from deepfocus.finders.suitability import suitabilities
from deepfocus.report.inspection import Inspection, inspected
from deepfocus.report.inspection_in_words import lines_of

CHANNELS, SIZE = 24, 96


@pytest.fixture(scope="module")
def cube() -> Cube:
    """Thermal noise of the paper's array, without sources."""
    settings = {
        "observation": {"size": SIZE, "channels": CHANNELS},
        "population": {"kind": "corrected", "sources": [0, 0]},
    }
    made: Cube = df.simulate(settings, seed=2).cube
    return made


@pytest.fixture(scope="module")
def whole(cube: Cube) -> Inspection:
    return inspected(cube)


def test_axes_and_beams_are_those_of_the_cube(cube: Cube, whole: Inspection) -> None:
    assert whole.shape == (CHANNELS, SIZE, SIZE)
    assert whole.sky.cell_arcsec == pytest.approx((cube.grid.cell_arcsec,) * 2)
    assert whole.sky.field_arcsec[0] == pytest.approx(SIZE * cube.grid.cell_arcsec)
    assert whole.band.frequency_hz == (cube.grid.freq_hz.min(), cube.grid.freq_hz.max())
    assert whole.band.velocity_kms is not None
    assert whole.band.velocity_kms[0] < whole.band.velocity_kms[1]
    assert whole.beams.fwhm_px == cube.beam_px
    assert (whole.beams.dirty_beam, whole.beams.primary_beam) == (3, 3)
    assert whole.missing == ()


def test_noise_is_that_of_each_channel(cube: Cube, whole: Inspection) -> None:
    assert whole.noise is not None
    measured = 1e3 * cube.array.std(axis=(1, 2))
    # some 120 beams in a channel: 6% of scatter, pulled towards the band's
    np.testing.assert_allclose(np.array(whole.noise.by_channel, float), measured, rtol=0.2)
    assert whole.noise.median == pytest.approx(np.median(measured), rel=0.05)
    assert whole.noise.lowest <= whole.noise.median <= whole.noise.highest


def test_blanks_are_counted(cube: Cube) -> None:
    data = cube.array.copy()
    data[[0, 5, 6, 7]] = np.nan
    data[:, :, :10] = np.nan
    found = inspected(cube.with_data(data))
    assert found.blank_channels == (0, 5, 6, 7)
    assert found.blank == pytest.approx(np.isnan(data).mean())
    said = "\n".join(lines_of(found, ()))
    assert "without data are the channels 0, 5 to 7" in said
    assert found.noise is not None
    assert [each is None for each in found.noise.by_channel[:6]] == [True, *[False] * 4, True]


def test_what_is_missing_says_which_option_supplies_it(cube: Cube) -> None:
    bare = replace(
        cube, psf=None, primary_beam=None, noise=None, grid=replace(cube.grid, rest_hz=None)
    )
    missing = {each.what: each.remedy for each in inspected(bare).missing}
    assert set(missing) == {"dirty beam", "primary beam", "rest frequency"}
    assert "--psf" in missing["dirty beam"]
    assert "--pb" in missing["primary beam"]
    assert "--rest-frequency" in missing["rest frequency"]


def test_without_any_beam_there_is_no_noise_and_the_default_finder_does_not_suit(
    cube: Cube,
) -> None:
    bare = replace(cube, psf=None, beam=None)
    found = inspected(bare)
    assert found.noise is None
    assert "noise was not measured" in found.notes[-1]
    unsuited = {each.kind for each in suitabilities(bare) if not each.suits}
    assert {"deepfocus", "slim", "paper"} <= unsuited


def test_finders_say_what_speaks_against_them(cube: Cube) -> None:
    assert {each.kind for each in suitabilities(cube) if each.suits} >= {
        "deepfocus",
        "slim",
        "paper",
    }
    few = replace(cube, data=cube.array[:3], grid=cube.grid.of_channels(slice(0, 3)))
    against = {each.kind: each.against for each in suitabilities(few)}
    assert against["deepfocus"] == ()
    assert against["slim"][0] == "3 channels, and it needs 8"


def test_a_velocity_axis_without_frequencies_has_none(cube: Cube) -> None:
    found = inspected(replace(cube, grid=replace(cube.grid, nominal=True)))
    assert found.band.frequency_hz is None
    assert found.band.rest_frequency_hz is None
    assert "GHz" not in next(each for each in lines_of(found, ()) if each.startswith("band"))


def test_it_is_plain_values(whole: Inspection) -> None:
    assert json.loads(json.dumps(asdict(whole)))["beams"]["dirty_beam"] == 3


def test_a_continuum_that_was_subtracted_is_seen(cube: Cube, whole: Inspection) -> None:
    assert whole.noise is not None
    assert whole.noise.continuum_channels == ()
    used = np.arange(CHANNELS) >= 8
    taken = replace(cube, data=cube.data - cube.data[used].mean(axis=0))
    inspection = inspected(taken)
    assert inspection.noise is not None
    assert inspection.noise.continuum_channels == tuple(np.flatnonzero(used))
    said = dict(line.split(maxsplit=1) for line in lines_of(inspection, ()))
    assert said["continuum"] == "subtracted, as it was fitted to the channels 8 to 23"
