"""What finders of images share: which images, which sightings are one source, and its line."""

from __future__ import annotations

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source

from deepfocus.core.channels import around
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.blobcat.finder import Blobcat
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.line_of_island import strongest_line
from deepfocus.finders.images.maps import ChannelMaps, Seen, WholeBand
from deepfocus.finders.images.noise import in_noises
from deepfocus.finders.images.sighting import Sighting
from deepfocus.finders.matched_filter.continuum import AsItIs
from deepfocus.ops.boxes import Box
from deepfocus.ops.integrate import integrate

BEAM = Ellipse(0.0, 0.0, 6.0, 8.0, 100.0)


def seen(x: float, snr: float, channel: float) -> Seen:
    return Seen(Sighting(x, 20.0, snr, Box(x - 1, x + 1, 19, 21)), around(channel, 4.0))


def test_the_whole_band_is_the_sum_of_its_channels() -> None:
    cube = cube_with([source(60, 60, 20)])
    (only,) = WholeBand().images(cube.data)
    np.testing.assert_array_equal(only.image, integrate(cube.data))
    assert only.span is None


def test_channel_maps_have_the_noise_of_a_channel_and_no_continuum() -> None:
    line = source(80.0, 70.0, 30.0, snr=20.0, fwhm_chan=8.0)
    continuum = source(40.0, 50.0, 20.0, snr=0.0, continuum_jy=50 * SIGMA)
    cube = cube_with([line, continuum])
    data = cube.data.copy()
    data[:, :3] = np.nan
    maps = list(ChannelMaps(widths_chan=(8.0,)).images(data))
    assert len(maps) == 16  # 64 channels, four apart
    best = max(maps, key=lambda each: np.nanmax(each.image))
    assert best.span is not None
    assert abs(best.span.centre - 30.0) <= 2
    # 20 sigma in the noise of a sum over a line of 8 channels that is matched but for two channels
    ideal = 20 * np.sqrt(8 * 0.753)
    assert best.image[70, 80] / SIGMA == pytest.approx(ideal, rel=0.15)
    empty = maps[-1].image
    assert np.isnan(empty[:3]).all()
    assert abs(empty[50, 40]) / SIGMA < 5
    kept = list(ChannelMaps(widths_chan=(8.0,), continuum=AsItIs()).images(data))
    assert kept[-1].image[50, 40] / SIGMA > 50
    # some 200 independent values in the half without a source, for a beam of 7 px: 5%
    assert np.nanstd(kept[-1].image[:, 90:]) / SIGMA == pytest.approx(1, rel=0.15)


def test_a_faint_line_is_seen_in_a_map_of_its_channels_alone() -> None:
    """64 channels of noise but 6 of line: 5 sigma per channel become 4 in the sum."""
    cube = cube_with([source(80, 70, 40, snr=5)])
    alone = Blobcat(maps=ChannelMaps()).ready().find(cube).catalogue.accepted
    summed = Blobcat().ready().find(cube).catalogue.accepted
    assert len(summed) == 0
    near = np.hypot(alone["x"] - 80, alone["y"] - 70) < 3
    assert near.sum() == 1
    assert alone["channel"][near][0] == pytest.approx(40, abs=1.5)


def test_two_lines_at_one_place_are_two_sources() -> None:
    lines = [source(60, 60, 14, snr=20), source(60, 60, 44, snr=14)]
    found = Blobcat(maps=ChannelMaps()).ready().find(cube_with(lines)).catalogue.accepted
    there = np.hypot(found["x"] - 60, found["y"] - 60) < 3
    np.testing.assert_allclose(np.sort(found["channel"][there]), [14, 44], atol=0.5)


def test_a_line_seen_in_many_maps_is_one_source_and_repeats_have_their_reason() -> None:
    cube = cube_with([source(60, 60, 30, snr=60)])
    finder = Blobcat(maps=ChannelMaps(widths_chan=(2.0, 8.0)))
    found = finder.ready().find(cube).catalogue
    there = np.hypot(found["x"] - 60, found["y"] - 60) < 3
    assert np.sum(there & (found["flag"] == 0)) == 1
    repeats = found["flag"] == Flag.DUPLICATE
    assert all("duplicate" in reason for reason in found["reason"][repeats])


def test_the_strongest_of_those_close_in_place_and_channel_is_kept() -> None:
    maps = ChannelMaps(link_beams=0.5)
    one, weaker, far, other_line = (
        seen(30, 9, 20),
        seen(33, 7, 22),
        seen(40, 6, 20),
        seen(30, 5, 60),
    )
    assert maps.joined([weaker, one, other_line, far], BEAM) == [one, far, other_line]
    assert WholeBand().joined([weaker, one], BEAM) == [one, weaker]


def test_settings_that_find_nothing_are_refused() -> None:
    with pytest.raises(DeepFocusError, match="at least one width"):
        ChannelMaps(widths_chan=())
    with pytest.raises(DeepFocusError, match="at least one width"):
        LineSearch(widths_chan=(0.5,))


def test_a_source_at_the_edge_of_the_image_has_a_spectrum() -> None:
    found = Blobcat().ready().find(cube_with([source(126.6, 60, 30, snr=60)])).catalogue
    assert np.hypot(found["x"] - 126.6, found["y"] - 60).min() < 2


def test_nothing_is_seen_in_noise() -> None:
    for maps in (WholeBand(), ChannelMaps()):
        found = Blobcat(maps=maps, detection_snr=6.0).ready().find(empty_cube()).catalogue
        assert len(found.accepted) == 0


def test_the_strongest_line_has_the_best_width() -> None:
    channel = np.arange(128)
    spectrum = np.random.default_rng(2).normal(3.0, 0.1, 128)
    spectrum += 2.0 * np.exp(-4 * np.log(2) * ((channel - 70) / 8.0) ** 2)
    line = strongest_line(spectrum, (2.0, 8.0, 32.0))
    assert line is not None
    assert line.span.centre == pytest.approx(70, abs=1)
    assert (line.span.hi - line.span.lo) / 2 == 8.0
    assert line.snr == pytest.approx(20 * np.sqrt(8 * 0.753), rel=0.15)
    beside = strongest_line(spectrum, (2.0, 8.0, 32.0), within=around(30, 4))
    assert beside is not None
    assert 26 <= beside.span.centre <= 34
    assert strongest_line(np.full(16, np.nan), (2.0,)) is None
    assert strongest_line(np.zeros(16), (2.0,)) is None


def test_an_image_in_noises_has_unit_noise_about_zero() -> None:
    image = np.random.default_rng(1).normal(4.0, 3.0, (100, 100))
    snr = in_noises(image)
    assert np.median(snr) == pytest.approx(0, abs=1e-6)
    assert np.std(snr) == pytest.approx(1, rel=0.05)
    assert np.isfinite(in_noises(np.zeros((3, 3)))).all()
