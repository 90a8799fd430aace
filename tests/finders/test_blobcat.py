"""BLOBCAT's blobs: what is flooded, what is measured of it, and the lines in them."""

from __future__ import annotations

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, empty_cube, source

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse
from deepfocus.finders.blobcat.blobs import (
    blob_of,
    deconvolved_size,
    fitted_peak,
    flooded_share,
    peak_bias,
)
from deepfocus.finders.blobcat.finder import Blobcat
from deepfocus.finders.blobcat.islands import islands
from deepfocus.ops.gaussians import gaussian_2d


def test_sources_with_continuum_are_found_and_measured() -> None:
    sources = [
        source(40.3, 50.6, 20.4, snr=60, continuum_jy=20 * SIGMA),
        source(80.7, 70.2, 41.5, snr=40, fwhm_chan=10, continuum_jy=15 * SIGMA),
    ]
    cube = cube_with(sources)
    found = Blobcat().ready().find(cube).catalogue.accepted
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
    found = Blobcat(detection_snr=6.0).ready().find(cube_with([bright, faint])).catalogue
    assert len(found.accepted) == 1
    assert found.accepted["x"][0] == pytest.approx(40, abs=1)


def test_an_island_without_a_line_stays_with_its_reason() -> None:
    continuum = source(60, 60, 20, snr=0.0, continuum_jy=20 * SIGMA)
    found = Blobcat().ready().find(cube_with([continuum])).catalogue
    assert list(found["flag"]) == [Flag.NO_LINE]
    assert "no emission line" in found["reason"][0]
    assert found["x"][0] == pytest.approx(60, abs=1)


def test_noise_has_no_islands() -> None:
    assert len(Blobcat().ready().find(empty_cube()).catalogue.accepted) == 0


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(DeepFocusError, match="flooding"):
        Blobcat(detection_snr=2.0, flooding_snr=3.0)


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


BEAM = Ellipse(0.0, 0.0, 6.0, 8.0, 100.0)


def test_pixels_that_meet_at_a_corner_are_two_islands() -> None:
    snr = np.zeros((20, 20))
    snr[5, 5], snr[6, 6] = 8.0, 7.0
    assert len(islands(snr, detection=5.0, flooding=2.6)) == 2


def test_a_bright_gaussian_has_its_peak_its_flux_and_its_size() -> None:
    """The flood at 2.6 of 200 sigma leaves out 2.6% of the flux, which Equation 17 puts back."""
    true = Ellipse(30.3, 28.6, 10.0, 10.0, 0.0)
    seen = Ellipse(30.3, 28.6, np.hypot(10.0, 6.0), np.hypot(10.0, 8.0), 10.0)
    snr = 200 * gaussian_2d((64, 64), seen).astype(float)
    (island,) = islands(snr, detection=5.0, flooding=2.6)
    blob = blob_of(island, snr, BEAM, flooding=2.6)
    # a parabola through three pixels of a Gaussian of 12: position within 2%, peak within 1%
    assert (blob.x, blob.y) == pytest.approx((true.x, true.y), abs=0.05)
    assert blob.peak == pytest.approx(200, rel=0.01)
    assert blob.flux == pytest.approx(200 * seen.area_px, rel=0.01)
    # sizes without the beam: the geometric mean, for a beam that is not round
    size = deconvolved_size(blob, BEAM)
    assert size.fwhm_x_px == pytest.approx(10.0, rel=0.05)
    assert np.isnan(size.pa)


def test_the_peak_of_a_resolved_source_in_noise_is_not_biased(rng: np.random.Generator) -> None:
    """The highest of many pixels lies above the source; Equations 14 and 15 take that off."""
    source_image = 30 * gaussian_2d((96, 96), Ellipse(48, 48, 36, 36, 0.0)).astype(float)
    beam = Ellipse(0.0, 0.0, 6.0, 6.0, 0.0)
    kernel = np.fft.rfft2(np.fft.ifftshift(gaussian_2d((96, 96), beam.shifted(x=48, y=48))))
    raw, corrected = [], []
    for _ in range(60):
        white = np.fft.rfft2(rng.standard_normal((96, 96)))
        noise = np.fft.irfft2(white * np.sqrt(np.abs(kernel)), s=(96, 96))
        snr = source_image + noise / noise.std()
        island = islands(snr, detection=5.0, flooding=2.6)[0]
        raw.append(island.snr - 30)
        corrected.append(blob_of(island, snr, beam, flooding=2.6).peak - 30)
    # the maximum of some ten elements of unit noise scatters by 0.6: 0.08 in the mean of 60
    assert np.mean(raw) > 0.7
    assert abs(np.mean(corrected)) < 0.4


def test_equations_at_their_ends() -> None:
    assert peak_bias(1.0) == 0.0
    # the polynomial of Equation 14 at a bias of 1
    assert peak_bias(1 + 0.89 + 0.27 + 3.75 - 3.67 + 1.61) == pytest.approx(1.0)
    assert peak_bias(1e4) == 2.0
    # erf(sqrt(ln(peak / flood)))^2 at a ratio of e
    assert flooded_share(2.6 * np.e, 2.6) == pytest.approx(0.8427**2, rel=1e-3)
    assert flooded_share(2.0, 2.6) == 1.0


def test_a_peak_that_is_none_is_left_as_it_is() -> None:
    image = np.zeros((9, 9))
    image[4, 4] = 5.0
    image[0, 0] = 3.0
    assert fitted_peak(image, x=0, y=0) == (0.0, 0.0, 3.0)
    assert fitted_peak(image, x=5, y=4) == (5.0, 4.0, 0.0)


def test_the_flux_is_that_of_the_blob_in_the_image_of_the_line() -> None:
    wide = source(60.0, 64.0, 30.0, snr=100, size_px=9.0)
    cube = cube_with([wide])
    found = Blobcat().ready().find(cube).catalogue.accepted
    assert len(found) == 1
    kms = cube.grid.width_kms(1.0, 30.0)
    assert found["line_flux"][0] == pytest.approx(wide.line_jy * 6 * GAUSSIAN_AREA * kms, rel=0.1)
    assert found["fwhm_x_px"][0] == pytest.approx(9.0, rel=0.15)
