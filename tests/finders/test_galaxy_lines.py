"""Line widths of a galaxy that is one moving Gaussian, from its spectrum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.source import FIFTH_PER_HALF, FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.galaxy_lines import NARROWEST, with_widths_of_its_shape
from deepfocus.finders.deepfocus.sources import SUMMARY, SourceFit, summary_of
from deepfocus.fit.line_spectra import LineSpectrum
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, GX, SIGMA

CHANNELS, CENTRE, SIDES = np.arange(128), 60.0, 12.0
ERROR = 0.002
UNTOUCHED = ("x", "y", "cxx", "cyy", "cxy", "channel", "flux", "continuum")


def horned() -> LineSpectrum:
    """Two lines, one from each side, and as much as half of that in between."""
    offsets = CHANNELS - CENTRE
    flux = sum(
        share * np.exp(-0.5 * ((offsets - at) / 3.0) ** 2)
        for share, at in ((0.06, -SIDES + 3), (0.04, -3.0), (0.04, 3.0), (0.06, SIDES - 3))
    )
    error = np.full(len(CHANNELS), ERROR)
    return LineSpectrum(np.asarray(flux), error, baseline=False)


def galaxy(sigma: float = 8.0, spectrum: LineSpectrum | None = None) -> SourceFit:
    row = np.zeros((1, COUNT))
    row[0, [CXX, CYY, CHANNEL, SIGMA, FLUX, GX]] = 9.0, 5.0, CENTRE, sigma, 1.3, 0.4
    summary = summary_of(row, len(CHANNELS))
    known = np.diag((0.05 * summary) ** 2)
    return SourceFit(row, summary, known, gain=900.0, freedom=10, spectrum=spectrum)


def test_a_line_with_two_horns_is_as_wide_as_its_sides_are_apart() -> None:
    gaussian, measured = galaxy(), with_widths_of_its_shape(galaxy(spectrum=horned()))
    assert gaussian.value("w20_chan") == pytest.approx(FIFTH_PER_HALF * 8.0 * FWHM_PER_SIGMA)
    # the sides' lines fall to a half and a fifth of their peak so far out
    true = [2 * (SIDES - 3 + 3 * np.sqrt(-2 * np.log(share))) for share in (0.5, 0.2)]
    for name, width in zip(("fwhm_chan", "w20_chan"), true, strict=True):
        assert measured.value(name) == pytest.approx(width, rel=0.03)
        assert 0.002 < measured.error(name) / width < 0.03
    assert measured.value("fwhm_chan") > 1.25 * gaussian.value("fwhm_chan")


def test_what_it_moves_is_over_as_much_of_the_line_and_all_else_stays() -> None:
    gaussian, measured = galaxy(), with_widths_of_its_shape(galaxy(spectrum=horned()))
    longer = measured.value("fwhm_chan") / gaussian.value("fwhm_chan")
    assert measured.shift.length_px == pytest.approx(longer * gaussian.shift.length_px)
    assert measured.shift.pa == gaussian.shift.pa
    for name in UNTOUCHED:
        assert measured.value(name) == gaussian.value(name)
        assert measured.error(name) == pytest.approx(gaussian.error(name), nan_ok=True)
    assert np.linalg.eigvalsh(measured.covariance).min() > -1e-9


def test_without_a_spectrum_or_a_shape_that_can_be_seen_nothing_changes() -> None:
    cut = replace(horned(), flux=np.roll(horned().flux, -int(CENTRE)))
    at_the_end = galaxy(spectrum=cut)
    at_the_end.summary[SUMMARY.index("channel")] = 0.0
    narrow = galaxy(0.9 * NARROWEST / FWHM_PER_SIGMA, horned())
    for source in (galaxy(), narrow, at_the_end):
        same = with_widths_of_its_shape(source)
        assert same.spectrum is None
        np.testing.assert_array_equal(same.summary, source.summary)
        np.testing.assert_array_equal(same.covariance, source.covariance)
