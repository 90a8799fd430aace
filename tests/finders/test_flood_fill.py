"""Islands of the integrated image and the lines in them."""

from __future__ import annotations

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.finders.flood_fill.finder import FloodFill, in_noises
from deepfocus.finders.flood_fill.islands import islands
from deepfocus.finders.flood_fill.line_of_island import strongest_line


def test_sources_with_continuum_are_found_and_measured() -> None:
    sources = [
        source(40.3, 50.6, 20.4, snr=60, continuum_jy=20 * SIGMA),
        source(80.7, 70.2, 41.5, snr=40, fwhm_chan=10, continuum_jy=15 * SIGMA),
    ]
    cube = cube_with(sources)
    found = FloodFill().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        assert found["x"][at] == pytest.approx(each.x, abs=0.2)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.3)
        kms = cube.grid.width_kms(1.0, each.channel)
        flux = each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms
        assert found["line_flux"][at] == pytest.approx(flux, rel=0.1)


def test_a_faint_line_drowns_in_the_band() -> None:
    """64 channels of noise but 6 of line: 12 sigma per channel become 9 in the sum."""
    bright, faint = source(40, 50, 20, snr=12), source(80, 70, 40, snr=5)
    found = FloodFill(detection_snr=6.0).ready().find(cube_with([bright, faint])).catalogue
    assert len(found.accepted) == 1
    assert found.accepted["x"][0] == pytest.approx(40, abs=1)


def test_an_island_without_a_line_stays_with_its_reason() -> None:
    continuum = source(60, 60, 20, snr=0.0, continuum_jy=20 * SIGMA)
    found = FloodFill().ready().find(cube_with([continuum])).catalogue
    assert list(found["flag"]) == [Flag.NO_LINE]
    assert "no emission line" in found["reason"][0]
    assert found["x"][0] == pytest.approx(60, abs=1)


def test_noise_has_no_islands() -> None:
    assert len(FloodFill().ready().find(empty_cube()).catalogue.accepted) == 0


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(DeepFocusError, match="flooding"):
        FloodFill(detection_snr=2.0, flooding_snr=3.0)


# --- its parts
def test_the_flood_stops_at_its_floor_and_needs_a_seed() -> None:
    snr = np.zeros((20, 20))
    snr[5, 5:9] = [3.0, 8.0, 4.0, 2.0]  # the last is below the floor
    snr[6, 5] = 3.0
    snr[15, 15] = 4.0  # above the floor, but no seed
    snr[10, 10] = np.nan
    (island,) = islands(snr, detection=5.0, flooding=2.6)
    assert (island.x, island.y, island.snr) == (6, 5, 8.0)
    assert island.mask.sum() == 4
    assert islands(np.full((4, 4), np.nan), detection=5, flooding=3) == []


def test_the_brightest_island_comes_first() -> None:
    snr = np.zeros((20, 20))
    snr[3, 3], snr[12, 12] = 6.0, 9.0
    assert [island.snr for island in islands(snr, detection=5, flooding=3)] == [9.0, 6.0]


def test_the_strongest_line_has_the_best_width() -> None:
    channel = np.arange(128)
    spectrum = np.random.default_rng(2).normal(3.0, 0.1, 128)
    spectrum += 2.0 * np.exp(-4 * np.log(2) * ((channel - 70) / 8.0) ** 2)
    line = strongest_line(spectrum, (2.0, 8.0, 32.0))
    assert line is not None
    assert line.span.centre == pytest.approx(70, abs=1)
    assert (line.span.hi - line.span.lo) / 2 == 8.0
    assert line.snr == pytest.approx(20 * np.sqrt(8 * 0.753), rel=0.15)
    assert strongest_line(np.full(16, np.nan), (2.0,)) is None
    assert strongest_line(np.zeros(16), (2.0,)) is None


def test_an_image_in_noises_has_unit_noise_about_zero() -> None:
    image = np.random.default_rng(1).normal(4.0, 3.0, (100, 100))
    snr = in_noises(image)
    assert np.median(snr) == pytest.approx(0, abs=1e-6)
    assert np.std(snr) == pytest.approx(1, rel=0.05)
    assert np.isfinite(in_noises(np.zeros((3, 3)))).all()
