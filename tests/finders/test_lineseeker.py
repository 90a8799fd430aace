"""LineSeeker's algorithm: what it finds in simulated cubes, and how it treats noise."""

from __future__ import annotations

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source
from scipy.spatial.distance import pdist, squareform

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import FWHM_PER_SIGMA, GAUSSIAN_AREA
from deepfocus.evaluation.match import match
from deepfocus.finders.judged_peaks import LinePeak
from deepfocus.finders.lineseeker.collapsed import clipped_rms, peaks_above, signal_to_noise
from deepfocus.finders.lineseeker.finder import LineSeeker, fidelity_by_width, grouped
from deepfocus.finders.lineseeker.groups import chains
from deepfocus.finders.matched_filter.continuum import AsItIs
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import shipped_set
from deepfocus.simulation.truth import with_beam_and_band


def test_lines_are_found_and_measured() -> None:
    sources = [source(40.3, 50.6, 20.4), source(80.7, 70.2, 41.5, snr=15, fwhm_chan=12)]
    cube = cube_with(sources)
    found = LineSeeker().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        # a 7 px beam over twice the SNR of 33 of the fainter one: 0.1 px, and four times that
        assert found["x"][at] == pytest.approx(each.x, abs=0.4)
        assert found["y"][at] == pytest.approx(each.y, abs=0.4)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.5)
        assert found["line_fwhm_chan"][at] == pytest.approx(each.fwhm_chan, rel=0.15)
        kms = cube.grid.width_kms(1.0, each.channel)
        flux = each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms
        assert found["line_flux"][at] == pytest.approx(flux, rel=0.15)
        assert found["probability"][at] == 1.0


def test_faint_lines_of_a_shipped_set() -> None:
    """Two cleaned cubes of `faint`: SNRs of 4 to 12 for an ideal observer."""
    settings = shipped_set("faint")
    strong, found = 0, 0
    seeds = settings.seeds("validation", 4)
    for seed in (seeds[0], seeds[3]):
        made = simulate(settings, seed)
        detection = LineSeeker().ready().find(made.cube)
        matches = match(detection.catalogue, with_beam_and_band(made.truth, made.cube))
        strong += int(np.sum(matches.truth["ideal_snr"] > 8))
        found += int(np.sum(matches.detected & (matches.truth["ideal_snr"] > 8)))
        # half a beam is the farthest a match may be; errors are a beam over twice the SNR
        apart = np.hypot(*(matches.found_matched[a] - matches.truth_matched[a] for a in "xy"))
        assert np.median(apart) < made.cube.beam_px / 6
        assert matches.counts.fp <= 2
    # kernels are matched in frequency, not on the sky: of SNR 8, 5.5 is left of a resolved source
    assert strong >= 3
    assert found >= 0.75 * strong


def test_noise_is_rarely_accepted_and_keeps_its_reason() -> None:
    """At 4 sigma, noise has as many negative peaks as positive ones: almost none is accepted."""
    found = LineSeeker(min_snr=4.0).ready().find(empty_cube()).catalogue
    rejected = found["flag"] == Flag.LOW_FIDELITY
    assert rejected.sum() > 10
    assert all("fidelity" in reason for reason in found["reason"][rejected])
    # above the deepest of hundreds of negative peaks, a positive one is there half of the time
    assert len(found.accepted) <= 2


def test_continuum_is_subtracted_or_was_before() -> None:
    both = source(80.0, 70.0, 40.0, snr=20.0, continuum_jy=30 * SIGMA)
    found = LineSeeker().ready().find(cube_with([both])).catalogue.accepted
    assert list(np.round(found["x"])) == [80.0]
    line = source(80.0, 70.0, 40.0, snr=20.0)
    found = LineSeeker(continuum=AsItIs()).ready().find(cube_with([line])).catalogue.accepted
    assert list(np.round(found["x"])) == [80.0]
    cube = empty_cube()
    assert AsItIs().subtracted(cube.data) is cube.data


def test_no_kernel_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="at least one kernel"):
        LineSeeker(sigmas_chan=())


# --- its parts
def test_a_smoothed_channel_has_unit_noise_and_the_ideal_signal_to_noise() -> None:
    chan, amplitude, sigma = 64, 3.0, 3.0
    line = np.exp(-0.5 * ((np.arange(chan) - 30) / sigma) ** 2)
    data = np.random.default_rng(2).standard_normal((chan, 60, 60)).astype("f4")
    data[:, 30, 30] += (amplitude * line).astype("f4")
    data[:, :5] = np.nan
    data[50] = np.nan
    snr = signal_to_noise(data, sigma)
    assert (snr[:, :5] == 0).all()
    # noise of 3600 voxels has its level within 1.2%; clipping at 5 rms takes nothing off it
    assert np.std(snr[10, 5:]) == pytest.approx(1, abs=0.05)
    # tolerance: three times the filtered voxel's unit noise
    assert snr[30, 30, 30] == pytest.approx(amplitude * np.linalg.norm(line), abs=3)
    as_it_is = signal_to_noise(data, 0.0)
    np.testing.assert_allclose(as_it_is[3, 5:] * clipped_rms(data[3, 5:]), data[3, 5:], rtol=1e-5)


def test_the_rms_leaves_out_what_stands_out() -> None:
    values = np.random.default_rng(1).standard_normal(40_000)
    values[:40] = 50.0
    assert np.std(values) > 1.8
    # 5 of 1.87 are 9: none of the noise is clipped
    assert clipped_rms(values) == pytest.approx(1, rel=0.02)
    assert clipped_rms(np.zeros(9)) == np.inf


def test_chains_are_those_of_the_distances_of_all_voxels(rng: np.random.Generator) -> None:
    mask = rng.random((12, 16, 16)) > 0.985
    mask[3:7, 4:9, 4:9] = True  # a clump with an inside
    voxels = np.argwhere(mask)
    for radius in (2.0, 3.3):
        near = squareform(pdist(voxels)) <= radius
        label = np.arange(len(voxels))
        while True:
            lower = np.where(near, label, len(label)).min(axis=1)
            if (lower == label).all():
                break
            label = lower
        found = chains(voxels, radius)
        together = found[:, None] == found
        assert len(set(label)) > 2
        np.testing.assert_array_equal(together, label[:, None] == label)


def test_a_chain_gives_its_highest_voxel() -> None:
    snr = np.zeros((20, 30, 30), np.float32)
    snr[5, 5, 5:9] = [5.0, 7.0, 6.0, 5.0]
    snr[5, 5, 12] = 5.5  # four pixels on
    snr[15, 20, 20] = 9.0
    near, far = sorted(peaks_above(snr, 4.5, radius=4.0, width_chan=2.0), key=lambda p: p.snr)
    assert near == LinePeak(5, 5, 6, 7.0, 2.0)
    assert (far.channel, far.snr) == (15, 9.0)
    assert len(list(peaks_above(snr, 4.5, radius=3.0, width_chan=2.0))) == 3
    assert not list(peaks_above(snr, 10.0, radius=3.0, width_chan=2.0))


def test_fidelity_is_that_of_the_width_and_a_group_keeps_its_best() -> None:
    noise = [LinePeak(9, 3 * i, 3, 4.5 + 0.02 * i, 1.0) for i in range(20)]
    ups = [LinePeak(30, 50, 50, 5.0, 1.0), LinePeak(31, 54, 50, 5.2, 3 * FWHM_PER_SIGMA)]
    fidelity = fidelity_by_width([*ups, *noise], noise, lowest=4.5)
    # of the narrow width as many are negative, of the wide one none is
    assert fidelity[0] == pytest.approx(0, abs=0.2)
    assert fidelity[1] == 1.0
    assert len(fidelity_by_width([], noise, lowest=4.5)) == 0
    peaks, best = grouped(ups, np.array([0.9, 0.4]), radius=5.0)
    assert peaks == [ups[1]]
    assert list(best) == [0.9]
    peaks, best = grouped(ups, np.array([0.9, 0.4]), radius=1.0)
    assert peaks == [ups[1], ups[0]]
    assert list(best) == [0.4, 0.9]
    assert grouped([], np.zeros(0), radius=1.0)[0] == []
