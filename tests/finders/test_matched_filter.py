"""The classic search: what it finds and measures, and how it treats noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.finders.matched_filter.bank import Peak, filtered, kernels, linked, peaks_of
from deepfocus.finders.matched_filter.continuum import ClippedLine
from deepfocus.finders.matched_filter.fidelity import fidelities
from deepfocus.finders.matched_filter.finder import MatchedFilter


def test_lines_without_continuum_are_found_and_measured() -> None:
    sources = [source(40.3, 50.6, 20.4), source(80.7, 70.2, 41.5, snr=15, fwhm_chan=12)]
    cube = cube_with(sources)
    found = MatchedFilter().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        # a 7 px beam, SNR 15 to 30 per channel, 6 to 12 channels: errors of 0.04 to 0.06 px
        assert found["x"][at] == pytest.approx(each.x, abs=0.3)
        assert found["y"][at] == pytest.approx(each.y, abs=0.3)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.5)
        assert found["line_fwhm_chan"][at] == pytest.approx(each.fwhm_chan, rel=0.15)
        kms = cube.grid.width_kms(1.0, each.channel)
        flux = each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms
        assert found["line_flux"][at] == pytest.approx(flux, rel=0.15)
        assert found["snr_peak"][at] == pytest.approx(each.line_jy / SIGMA, rel=0.15)
        assert found["snr_focused"][at] > found["snr_peak"][at]
        assert found["probability"][at] == 1.0


def test_a_resolved_source_has_its_size_and_its_whole_flux() -> None:
    wide = source(60.0, 64.0, 30.0, snr=100, size_px=9.0)
    cube = cube_with([wide])
    found = MatchedFilter().ready().find(cube).catalogue.accepted
    assert len(found) == 1
    assert found["fwhm_x_px"][0] == pytest.approx(9.0, rel=0.15)
    assert found["fwhm_y_px"][0] == pytest.approx(9.0, rel=0.15)
    kms = cube.grid.width_kms(1.0, 30.0)
    assert found["line_flux"][0] == pytest.approx(wide.line_jy * 6 * GAUSSIAN_AREA * kms, rel=0.1)


def test_continuum_is_no_line_and_is_measured_beside_one() -> None:
    bright = source(40.0, 50.0, 20.0, snr=0.0, continuum_jy=50 * SIGMA)
    both = source(80.0, 70.0, 40.0, snr=20.0, continuum_jy=30 * SIGMA)
    found = MatchedFilter().ready().find(cube_with([bright, both])).catalogue.accepted
    assert len(found) == 1
    assert found["x"][0] == pytest.approx(80, abs=0.5)
    assert found["continuum"][0] == pytest.approx(1e3 * 30 * SIGMA, rel=0.1)


def test_flux_is_corrected_for_the_primary_beam() -> None:
    cube = cube_with([source(40.3, 50.6, 20.4)])
    dimmed = replace(cube, primary_beam=np.full((1, 128, 128), 0.5), psf_channels=np.array([32]))
    plain, corrected = (MatchedFilter().ready().find(each).catalogue for each in (cube, dimmed))
    assert corrected["line_flux"][0] == pytest.approx(2 * plain["line_flux"][0])
    assert corrected["peak"][0] == plain["peak"][0]


def test_noise_is_rarely_accepted_and_keeps_its_reason() -> None:
    """At 4 sigma, noise has as many negative peaks as positive ones: almost none is accepted."""
    accepted, rejected = 0, 0
    for seed in range(2):
        found = MatchedFilter(min_snr=4.0).ready().find(empty_cube(seed=seed)).catalogue
        accepted += len(found.accepted)
        rejected += int(np.sum(found["flag"] == Flag.LOW_FIDELITY))
        assert all("fidelity" in reason for reason in found["reason"][found["flag"] > 0])
    assert rejected > 10
    # in half of the cubes, the highest peak exceeds the deepest negative one
    assert accepted <= 2


def test_a_cube_without_a_beam_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="neither a beam nor a PSF"):
        MatchedFilter().ready().find(empty_cube(beam=None))


# --- its parts
def test_a_kernel_of_the_lines_width_has_the_ideal_signal_to_noise() -> None:
    chan, amplitude = 64, 3.0
    line = np.exp(-4 * np.log(2) * ((np.arange(chan) - 30) / 8.0) ** 2)
    data = np.random.default_rng(2).standard_normal((chan, 60, 60)).astype("f4")
    data[:, 30, 30] += (amplitude * line).astype("f4")
    emission, _ = filtered(data, (2.0, 8.0, 16.0))
    ideal = amplitude * np.linalg.norm(line)
    # tolerance: the filtered voxel's unit noise, plus the error of the channel's sigma
    assert emission.snr[30, 30, 30] == pytest.approx(ideal, abs=3.5)
    norms = np.linalg.norm(kernels(chan, 8.0), axis=1)
    np.testing.assert_allclose(norms, 1.0, rtol=1e-6)


def test_negative_peaks_are_the_peaks_of_the_negative_cube() -> None:
    data = np.random.default_rng(5).standard_normal((32, 40, 40)).astype("f4")
    widths = (1.0, 4.0, 16.0)
    (_, negative), (of_negative, _) = filtered(data, widths), filtered(-data, widths)
    assert peaks_of(negative, 3.5) == peaks_of(of_negative, 3.5)
    assert len({peak.kernel for peak in peaks_of(negative, 3.5)}) > 1


def test_the_continuum_of_a_pixel_is_subtracted_and_its_line_is_not() -> None:
    channel = np.arange(100)
    line = 50 * np.exp(-4 * np.log(2) * ((channel - 40) / 6.0) ** 2)
    straight = 3 + 0.02 * channel
    data = np.random.default_rng(3).normal(0, 0.1, (100, 4, 5)) + straight[:, None, None]
    data[:, 1, 2] += line
    data[7, 0, 0] = np.nan
    left = ClippedLine().subtracted(data.astype("f4"))
    assert np.isnan(left[7, 0, 0])
    # noise of 0.1 over 80 channels or more: a fit error of 0.02, three times it at the ends
    assert left[:, 1, 2] == pytest.approx(line, abs=0.6)
    assert np.nanmean(left[:, 0, 0]) == pytest.approx(0, abs=0.05)


def test_fidelity_counts_negative_peaks_of_the_same_height() -> None:
    positive = [20.0, 5.1, 5.1, 5.2, 5.2]
    assert list(fidelities(positive, [])) == [1.0] * 5
    judged = fidelities(positive, [-5.15, -5.1])
    assert judged[0] == 1.0
    assert list(judged[1:]) == pytest.approx([0.5] * 4)
    assert len(fidelities([], [-5.0])) == 0


def test_peaks_of_one_source_are_linked_in_chains() -> None:
    widths = (2.0, 8.0)
    chain = [Peak(20, 50, 50 + 6 * i, 9.0 - i, 1) for i in range(4)]
    other_line = Peak(60, 50, 50, 6.0, 0)
    far = Peak(20, 90, 90, 5.0, 0)
    kept = linked([*chain, other_line, far], widths, link_px=7.0)
    assert kept == [chain[0], other_line, far]
