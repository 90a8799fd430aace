"""Figure 14 as printed, with networks that answer from the known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from oracle_networks import Source, cube_of, oracles

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.flags import Flag
from deepfocus.finders.paper.figure_14 import Figure14Settings, weighted_centre
from deepfocus.finders.paper.finder import Paper, ReadyPaper
from deepfocus.finders.paper.scaled_snr import ByExtremes, BySourcePeak
from deepfocus.ops.blobs import Connected
from deepfocus.ops.boxes import Box
from deepfocus.ops.gaussians import gaussian_1d


def found_in(sources: Sequence[Source], *, noise: float = 0.05, **options: object) -> Catalogue:
    cube = cube_of(sources, noise=noise)
    networks = oracles(cube, sources, split=Connected(), **options)  # type: ignore[arg-type]
    return ReadyPaper(networks).find(cube).catalogue


def flag_near(found: Catalogue, channel: float) -> Flag:
    return Flag(int(found["flag"][np.nanargmin(np.abs(found["channel"] - channel))]))


def test_thresholds_are_the_papers() -> None:
    settings = Paper()
    assert (settings.threshold, settings.min_height, settings.crop_px) == (0.15, 0.1, 64)
    figure = settings.figure_14
    assert (figure.bright_global_snr, figure.min_global_snr, figure.same_position_px) == (6, 1, 3)


def test_isolated_sources_are_found_at_their_blobs_centre() -> None:
    sources = [Source(80.3, 90.7, channel=40.2), Source(150.6, 120.2, channel=75.6, line=0.6)]
    found = found_in(sources).accepted
    assert len(found) == 2
    for source in sources:
        row = found.where(np.abs(found["channel"] - source.channel) < 1)
        assert row["x"][0] == pytest.approx(source.x, abs=0.1)  # the map shows the true position
        assert row["line_flux"][0] > 0


def test_touching_blobs_stay_one() -> None:
    """Connected pixels are one candidate: the paper does not split at saddles."""
    pair = [Source(100, 100, channel=40, fwhm_px=9), Source(111, 100, channel=40, fwhm_px=9)]
    assert len(found_in(pair)) == 1


def test_a_fainter_source_that_loses_when_focused_is_discarded() -> None:
    """Condition 1: its line is noise, but its continuum gains from every channel."""
    source = Source(100, 100, channel=50, line=0.0, continuum=0.02)
    found = found_in([source])
    before, after = found["global_snr"][0], found["global_snr_focused"][0]
    assert (found["flag"][0] == Flag.NO_GAIN_WHEN_FOCUSED) == (before <= 6 and after <= before)
    certain = Paper(figure_14=Figure14Settings(bright_global_snr=1e9))
    cube = cube_of([source])
    found = ReadyPaper(oracles(cube, [source]), certain).find(cube).catalogue
    assert found["flag"][0] == Flag.NO_GAIN_WHEN_FOCUSED


def test_a_secondary_peak_elsewhere_is_a_source_with_a_box_of_its_own() -> None:
    bright = Source(100, 100, channel=40, line=1.0, continuum=0.0, fwhm_px=8)
    faint = Source(110, 106, channel=80, line=0.6, continuum=0.0, fwhm_px=5)
    found = found_in([bright, faint], blobs=[replace(bright, x=104, y=103, fwhm_px=16)])
    child = found.accepted.where(found.accepted["parent_id"] > 0)
    assert len(found.accepted) == 2
    assert child["x"][0] == pytest.approx(110, abs=1.5)
    assert child["y"][0] == pytest.approx(106, abs=1.5)
    assert child["box_x0"][0] < 110 < child["box_x1"][0]


def test_a_secondary_peak_at_the_same_pixel_and_channels_is_merged_or_discarded() -> None:
    wide = Source(100, 100, channel=50, fwhm_chan=12, continuum=0.0)
    clean = np.maximum(gaussian_1d(128, 46, 5), 0.8 * gaussian_1d(128, 54, 5))
    found = found_in([wide], clean=clean)
    assert flag_near(found, 54) in (Flag.MERGED, Flag.SAME_AS_PRIMARY)
    assert len(found.accepted) == 1
    narrow = Source(100, 100, channel=50, fwhm_chan=6, continuum=0.0)
    spike = np.maximum(gaussian_1d(128, 50, 6), 0.5 * gaussian_1d(128, 59, 5))
    assert flag_near(found_in([narrow], clean=spike), 59) in (Flag.MERGED, Flag.SAME_AS_PRIMARY)


def test_a_false_primary_gives_way_to_the_next_peak() -> None:
    source = Source(100, 100, channel=60, line=0.3, continuum=0.0, fwhm_chan=5)
    clean = np.maximum(gaussian_1d(128, 1, 3), 0.5 * gaussian_1d(128, 60, 5))
    certain = Paper(figure_14=Figure14Settings(bright_global_snr=1e9))
    cube = cube_of([source], seed=3)
    found = ReadyPaper(oracles(cube, [source], clean=clean), certain).find(cube).catalogue
    assert flag_near(found, 1) == Flag.NO_GAIN_WHEN_FOCUSED
    assert flag_near(found, 60) == Flag.ACCEPTED


def test_it_says_on_which_networks_it_ran() -> None:
    source = Source(100, 100, channel=60)
    cube = cube_of([source])
    notes = ReadyPaper(oracles(cube, [source])).find(cube).notes
    assert "ran on networks of" in notes[0]
    assert "the paper's own have 86 million" in notes[0]


# --- Eqs 17 and 18 on [0, 1]
def test_by_extremes_no_unit_and_no_offset_is_left() -> None:
    image = np.random.default_rng(1).normal(size=(64, 64))
    image[28:36, 28:36] += 5
    box = Box(27.5, 35.5, 27.5, 35.5)
    scale = ByExtremes()
    assert scale.global_snr(image, box) == pytest.approx(scale.global_snr(1e3 * image + 7, box))
    assert np.nanmax(scale.pixel_snr(image)) == pytest.approx(
        1 / np.var((image - image.min()) / np.ptp(image))
    )
    assert not scale.pixel_snr(np.full((4, 4), 2.0)).any()


def test_by_the_sources_peak_empty_sky_is_near_zero() -> None:
    image = np.random.default_rng(1).normal(size=(64, 64))
    nothing, something = Box(9.5, 15.5, 9.5, 15.5), Box(27.5, 35.5, 27.5, 35.5)
    image[28:36, 28:36] += 50
    scale = BySourcePeak()
    assert abs(scale.global_snr(image, nothing)) < 2
    assert scale.global_snr(image, something) > 100


def test_a_weighted_centre_is_that_of_the_light_in_the_box() -> None:
    image = np.zeros((20, 20))
    image[10, 12], image[10, 14] = 1.0, 3.0
    assert weighted_centre(image, Box(9.5, 15.5, 7.5, 12.5)) == (13.5, 10.0)
    assert weighted_centre(image, Box(0, 4, 0, 4)) == (2.0, 2.0)
