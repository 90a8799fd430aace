"""Physics of the array functions: positions, sizes, fluxes and ratios against closed forms."""

import numpy as np
import pytest

from deepfocus.core.channels import ChannelRange
from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.blobs import Saddles, find_blobs
from deepfocus.ops.boxes import BOX_FRACTION, Box, blendness, iou_2d, source_box
from deepfocus.ops.continuum import Continuum, FitTrend, Trend, median_over_channels
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.focus import dilated_ellipse, dilated_range, line_image, masked_line_image
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.integrate import integrate
from deepfocus.ops.lines import FindLines
from deepfocus.ops.morphology import (
    axes_from_major_minor,
    elongation_vector,
    major_minor_from_axes,
    pa_from_vector,
)
from deepfocus.ops.normalise import (
    AsinhNoise,
    MinMax,
    Peak,
    Standardise,
)
from deepfocus.ops.snr import (
    global_snr,
    mad_sigma,
    median_over_variance,
    pixel_snr,
    source_and_ring,
)
from deepfocus.ops.spectra import extract_spectrum

GAUSS_AREA = np.pi / (4 * np.log(2))  # of a 2D Gaussian with unit peak and FWHMs
LINE_AREA = np.sqrt(np.pi / (4 * np.log(2)))


# --- integration, spectra, crops
def test_integration_conserves_flux_and_keeps_missing_sky():
    data = np.random.default_rng(0).normal(size=(7, 5, 6)).astype("f4")
    data[:, 0, 0] = np.nan
    data[3, 2, 2] = np.nan
    image = integrate(data)
    assert np.isnan(image[0, 0])
    assert np.isfinite(image).sum() == 29
    assert image[2, 2] == pytest.approx(np.nansum(data[:, 2, 2]), rel=1e-5)
    assert integrate(data, 2, 4)[1, 1] == pytest.approx(data[2:4, 1, 1].sum(), rel=1e-5)


def test_spectrum_is_the_sum_of_pixels_whose_centre_is_inside():
    data = np.ones((3, 10, 10), "f4")
    data[1] *= 2
    data[2] = np.nan
    spectrum = extract_spectrum(data, Box(1.5, 4.5, 2.6, 5.0))  # x 2, 3, 4; y 3, 4, 5
    assert spectrum[0] == 9
    assert spectrum[1] == 18
    assert np.isnan(spectrum[2])
    assert extract_spectrum(data, Box(3.6, 3.9, 3.6, 3.9))[0] == 1  # smaller than a pixel


def test_crop_puts_the_position_in_the_middle_and_zeros_outside():
    image = np.arange(20.0).reshape(4, 5)
    image[0, 0] = np.nan
    out = crop(image, Window(x=0.9, y=1.2, size=8))
    assert out.shape == (8, 8)
    assert out[4, 4] == image[1, 1]
    assert out.sum() == np.nansum(image)
    assert crop(image, Window(x=0, y=500, size=4)).sum() == 0


# --- Gaussians, shapes, boxes
def test_gaussian_has_its_fwhm_and_area():
    image = gaussian_2d((101, 101), Ellipse(50, 50, 10, 10, 0))
    assert image[50, 50] == 1
    assert image[50, 55] == pytest.approx(0.5)
    assert image.sum() == pytest.approx(GAUSS_AREA * 100, rel=1e-5)
    line = gaussian_1d(128, 60.0, 8.0)
    assert line[64] == pytest.approx(0.5)
    assert line.sum() == pytest.approx(LINE_AREA * 8, rel=1e-5)


@pytest.mark.parametrize("pa", [0.0, 30.0, 89.0, 90.0, 120.0, 179.0])
def test_major_axis_points_at_its_position_angle(pa):
    fwhm_x, fwhm_y = axes_from_major_minor(14.0, 6.0, pa)
    image = gaussian_2d((81, 81), Ellipse(40, 40, float(fwhm_x), float(fwhm_y), pa))
    yy, xx = np.mgrid[-40:41, -40:41]
    mxx, myy, mxy = ((image * m).sum() for m in (xx * xx, yy * yy, xx * yy))
    # Position angle from north (+y) through east (-x).
    measured = np.rad2deg(np.arctan2(-2 * mxy, myy - mxx)) / 2 % 180
    assert (measured - pa + 90) % 180 - 90 == pytest.approx(0, abs=0.1)


def test_shapes_convert_there_and_back():
    pa = np.array([0.0, 45.0, 89.9, 90.0, 135.0, 179.9])
    fx, fy = axes_from_major_minor(9.0, 4.0, pa)
    assert list(fx) == [9, 9, 9, 4, 4, 4]
    major, minor = major_minor_from_axes(fx, fy)
    np.testing.assert_allclose(elongation_vector(major, minor, pa)[0], [65 / 97, 0], atol=1e-12)
    np.testing.assert_allclose(pa_from_vector(elongation_vector(major, minor, pa)), pa, atol=1e-9)


@pytest.mark.parametrize("pa", [0.0, 25.0, 60.0, 110.0, 160.0])
def test_source_box_bounds_the_pixels_above_the_fraction(pa):
    fwhm_x, fwhm_y = (float(v) for v in axes_from_major_minor(18.0, 7.0, pa))
    box = source_box(Ellipse(40.3, 39.6, fwhm_x, fwhm_y, pa))
    above = gaussian_2d((81, 81), Ellipse(40.3, 39.6, fwhm_x, fwhm_y, pa)) > BOX_FRACTION
    rows, columns = np.where(above.any(1))[0], np.where(above.any(0))[0]
    # The extreme of the ellipse falls between pixel centres, less than one pixel beyond.
    outside = [columns[0] - box.x0, box.x1 - columns[-1], rows[0] - box.y0, box.y1 - rows[-1]]
    assert np.all((np.array(outside) >= 0) & (np.array(outside) < 1))


def test_overlaps_and_blendness():
    a, b = Box(0, 2, 0, 2), Box(1, 3, 0, 2)
    assert iou_2d(a, b) == pytest.approx(1 / 3)
    assert iou_2d(a, Box(5, 6, 5, 6)) == 0
    assert ChannelRange(0, 4).iou(ChannelRange(2, 6)) == pytest.approx(1 / 3)
    assert ChannelRange(0, 1).iou(ChannelRange(2, 3)) == 0
    np.testing.assert_allclose(blendness([a, b, Box(9, 10, 9, 10)]), [1 / 3, 1 / 3, 0])
    assert list(blendness([a])) == [0]
    assert Box(-9, 99, -9, 99).pixels(4, 5) == (slice(0, 4), slice(0, 5))


# --- blobs
def test_a_blob_has_the_centre_and_box_of_its_source():
    image = gaussian_2d((60, 70), Ellipse(30.4, 20.7, 12, 8, 30))
    (blob,) = find_blobs(image)
    assert (blob.x, blob.y) == (pytest.approx(30.4, abs=0.1), pytest.approx(20.7, abs=0.1))
    # The pixel box is at most one pixel wider than the true one on each side.
    assert iou_2d(blob.box, source_box(Ellipse(30.4, 20.7, 12, 8, 30))) > 0.8
    assert blob.mask.sum() == (image > 0.15).sum()


def test_touching_blobs_split_at_the_saddle_only_when_asked():
    one, two = (
        gaussian_2d((60, 60), Ellipse(22, 30, 8, 8, 0)),
        gaussian_2d((60, 60), Ellipse(34, 30, 8, 8, 0)),
    )
    image = np.maximum(one, 0.61 * two)
    assert len(find_blobs(image)) == 1
    blobs = find_blobs(image, split=Saddles(0.1))
    assert [round(b.x) for b in blobs] == [22, 34]
    assert sum(b.mask.sum() for b in blobs) == (image > 0.15).sum()
    assert len(find_blobs(image, split=Saddles(0.5))) == 1
    assert len(find_blobs(image, split=Saddles(0.1, min_separation_px=20))) == 1


def test_ripples_on_a_peak_do_not_split_it():
    rng = np.random.default_rng(1)
    image = gaussian_2d((60, 60), Ellipse(30, 30, 14, 14, 0)) + rng.normal(0, 0.01, (60, 60))
    assert len(find_blobs(image, split=Saddles(0.1), min_area_px=5)) == 1


def test_an_empty_map_has_no_blobs():
    assert find_blobs(np.full((8, 8), np.nan), split=Saddles(0.1)) == []
    assert find_blobs(np.zeros((8, 8))) == []


# --- normalisation
def test_normalisations_hand_on_the_scale():
    rng = np.random.default_rng(2)
    image = rng.normal(5.0, 2.0, (200, 200))
    image[:10] = np.nan
    unit = MinMax()(image)
    assert (unit.values[10:].min(), unit.values.max()) == (0, 1)
    np.testing.assert_allclose(
        unit.values[10:] * unit.scale + unit.offset, image[10:], rtol=1e-4, atol=1e-5
    )
    asinh = AsinhNoise(softening=3.0)(image)
    # 38,000 pixels give sigma to 0.5%.
    assert asinh.scale == pytest.approx(6.0, rel=0.03)
    assert asinh.offset == pytest.approx(5.0, abs=0.05)
    assert (asinh.values[:10] == 0).all()
    back = np.sinh(asinh.values[10:] * 5) * asinh.scale + asinh.offset
    np.testing.assert_allclose(back, image[10:], atol=1e-4)
    spectrum = Standardise()(image[20])
    assert spectrum.values.mean() == pytest.approx(0, abs=1e-5)
    assert spectrum.values.std() == pytest.approx(1, rel=1e-5)


def test_peak_scale_is_that_of_the_centre():
    image = (
        gaussian_2d((64, 64), Ellipse(32, 32, 8, 8, 0)) * 3
        + gaussian_2d((64, 64), Ellipse(60, 60, 4, 4, 0)) * 9
    )
    scaled = Peak()(image)
    assert scaled.scale == pytest.approx(3.0)
    assert scaled.values[32, 32] == pytest.approx(1.0)
    assert Peak()(-image).scale == 1.0


@pytest.mark.parametrize("image", [np.zeros((9, 9)), np.full((9, 9), np.nan)])
@pytest.mark.parametrize("kind", [MinMax(), AsinhNoise(), Peak(), Standardise()])
def test_normalising_nothing_gives_nothing(kind, image):
    scaled = kind(image)
    assert (scaled.values == 0).all()
    assert scaled.values.dtype == np.float32


# --- lines and continuum
def test_lines_are_found_with_their_centre_and_width():
    clean = np.maximum(0.9 * gaussian_1d(128, 30.3, 6.0), 0.4 * gaussian_1d(128, 80.6, 9.0))
    first, second = FindLines()(clean)
    assert (first.channel, first.fwhm_chan) == (pytest.approx(30.3), pytest.approx(6.0))
    assert (second.channel, second.fwhm_chan) == (pytest.approx(80.6), pytest.approx(9.0))
    assert second.amplitude == pytest.approx(0.4)
    assert first.good
    assert (first.span.lo, first.span.hi) == (pytest.approx(24.3), pytest.approx(36.3))


def test_overlapping_lines_are_fitted_on_their_own_flanks():
    clean = np.maximum(gaussian_1d(128, 50.0, 8.0), 0.7 * gaussian_1d(128, 59.5, 6.0))
    first, second = FindLines()(clean)
    # The valley cuts each flank where the other line takes over, to within half a channel.
    assert first.channel == pytest.approx(50.0, abs=0.1)
    assert second.channel == pytest.approx(59.5, abs=0.2)
    assert second.fwhm_chan == pytest.approx(6.0, rel=0.1)


@pytest.mark.parametrize("centre", [0.0, 1.5, 126.4])
def test_a_line_at_the_edge_of_the_band_is_found(centre):
    (line,) = FindLines()(gaussian_1d(128, centre, 7.0))
    assert line.channel == pytest.approx(centre, abs=0.1)
    assert line.fwhm_chan == pytest.approx(7.0, rel=0.05)


def test_a_flat_or_faint_spectrum_has_no_line():
    assert FindLines()(np.zeros(64)) == []
    assert FindLines()(0.09 * gaussian_1d(64, 30, 6)) == []
    assert FindLines()(np.full(64, np.nan)) == []


def test_a_spike_of_one_channel_is_kept_with_a_finite_width():
    clean = np.zeros(64)
    clean[20] = 1
    (line,) = FindLines()(clean)
    assert line.channel == pytest.approx(20, abs=0.5)
    assert 0 < line.fwhm_chan < 3


def test_continuum_ignores_lines_in_and_outside_the_spans():
    n = np.arange(128)
    spectrum = 5 + 0.02 * n + 30 * gaussian_1d(128, 40, 6) + 20 * gaussian_1d(128, 90, 5)
    spectrum = spectrum + np.random.default_rng(3).normal(0, 0.05, 128)
    spectrum[5] = np.nan
    model = FitTrend()(spectrum, [ChannelRange(34, 46)])
    # Noise of 0.05 over 110 channels: level to 0.005, plus the unlisted line's clipped wings.
    np.testing.assert_allclose(model(n), 5 + 0.02 * n, atol=0.1)
    assert model.known


def test_a_slope_of_noise_is_not_believed():
    spectrum = 5 + np.random.default_rng(4).normal(0, 1, 128)
    assert FitTrend()(spectrum, []).slope == 0
    assert not FitTrend()(spectrum, [ChannelRange(0, 127)]).known
    assert FitTrend()(np.full(40, 3.0), [])(7) == pytest.approx(3.0)


# --- focusing and masks
def cube_of(line=10.0, continuum=2.0, slope=0.0, shape=(64, 80, 80)):
    spatial = gaussian_2d(shape[1:], Ellipse(40, 38, 9, 7, 20))
    n = np.arange(shape[0])
    spectrum = continuum * (1 + slope * (n - 31.5)) + line * gaussian_1d(shape[0], 30, 6)
    return (spectrum[:, None, None] * spatial).astype("f4"), spatial


CENTRE = Window(x=40, y=38, size=64)
LINE = ChannelRange(24, 36)


def test_focusing_keeps_the_flux_of_the_line_and_removes_other_channels():
    data, _ = cube_of(continuum=0)
    image = line_image(data, CENTRE, LINE, Continuum((LINE,)))
    assert image.shape == (64, 64)
    # A Gaussian has 98.2% of its area within a FWHM of its centre; edge channels count in full.
    assert image[32, 32] == pytest.approx(10 * LINE_AREA * 6, rel=0.02)
    other = line_image(data, CENTRE, ChannelRange(45, 60), Continuum((LINE,)))
    assert other.max() < 0.01 * image.max()


@pytest.mark.parametrize("slope", [0.0, 0.004])
def test_line_image_has_no_continuum(slope):
    data, _ = cube_of(slope=slope)
    without, _ = cube_of(continuum=0)
    wide = ChannelRange(22, 38)
    trend = FitTrend()(data[:, 38, 40], [wide])
    got = line_image(data, CENTRE, LINE, Continuum((wide,), trend))
    want = line_image(without, CENTRE, LINE, Continuum((wide,)))
    assert np.abs(got - want).max() < 0.01 * want.max()


def test_a_neighbours_line_leaves_no_hole():
    data, spatial = cube_of()
    data = data + 30 * gaussian_1d(64, 50, 6)[:, None, None] * np.roll(spatial, 12, axis=1)
    image = line_image(data, CENTRE, LINE, Continuum((LINE,)))
    assert image.min() > -0.01 * image.max()


def test_a_line_that_fills_the_band_is_left_with_its_continuum():
    data, _ = cube_of()
    band = ChannelRange(-5, 70)
    image = line_image(data, CENTRE, band, Continuum((band,)))
    assert image[32, 32] == pytest.approx(data[:, 38, 40].sum(), rel=1e-5)


def test_channel_ranges_are_clipped_and_never_empty():
    assert ChannelRange(-4, 3.5).slice(10) == slice(0, 4)
    assert ChannelRange(8.2, 30).slice(10) == slice(9, 10)
    assert ChannelRange(4.2, 4.4).slice(10) == slice(4, 5)
    assert ChannelRange(-4, 3.5).length_within(10) == 3.5


def test_mask_is_the_dilated_ellipse_in_the_dilated_range():
    source = Source(x=40, y=38, fwhm_x_px=9, fwhm_y_px=7, pa=20, channel=30, fwhm_chan=6)
    channels = dilated_range(source).slice(64)
    area = np.pi / 4 * 9 * 7 * np.log2(1 / BOX_FRACTION)
    assert channels == slice(21, 40)  # 30 -+ 9 channels
    assert dilated_ellipse((80, 80), source).sum() == pytest.approx(1.5**2 * area, rel=0.02)


def test_masked_line_image_holds_the_flux():
    data, _ = cube_of(line=10, continuum=2)
    source = Source(x=40, y=38, fwhm_x_px=9, fwhm_y_px=7, pa=20, channel=30, fwhm_chan=6)
    image = masked_line_image(data, source, Continuum((), Trend(2.0, 0.0, 40)))
    # Of a Gaussian, 0.15 ** 2.25 = 1.4% is outside the ellipse at 0.15, dilated by 1.5.
    flux = 10 * GAUSS_AREA * 9 * 7 * LINE_AREA * 6
    assert image.sum() == pytest.approx(flux * (1 - BOX_FRACTION**2.25), rel=0.01)
    assert image[0, 0] == 0


# --- signal to noise
def test_ratios_follow_their_definitions():
    assert median_over_variance(np.array([1.0, 2, 6]), np.array([0.0, 2.0])) == 2.0
    image = np.random.default_rng(5).normal(0, 0.5, (200, 200))
    assert mad_sigma(image) == pytest.approx(0.5, rel=0.02)
    # x_i / var(X) of the image scaled to a peak of 1.
    assert pixel_snr(image).max() == pytest.approx(image.max() ** 2 / image.var(), rel=1e-6)
    assert pixel_snr(np.zeros((4, 4))).max() == 0


def test_the_ring_has_the_area_of_the_circle():
    image = np.zeros((201, 201))
    source, ring = source_and_ring(image, Box(90, 110, 90, 110))
    assert source.size == pytest.approx(np.pi * 200, rel=0.02)
    assert ring.size == pytest.approx(source.size, rel=0.03)


def test_global_snr_grows_with_signal_and_has_no_unit():
    noise = np.random.default_rng(6).normal(0, 1, (128, 128))
    shape = gaussian_2d((128, 128), Ellipse(64, 64, 10, 10, 0))
    box = source_box(Ellipse(64, 64, 10, 10, 0))
    values = [global_snr(noise + peak * shape, box) for peak in (0, 2, 5, 10, 20)]
    assert np.all(np.diff(values) > 0)
    assert abs(values[0]) < 1
    assert values[-1] > 6
    assert global_snr(1e-6 * (noise + 10 * shape), box) == pytest.approx(values[3], rel=1e-6)
    assert global_snr(np.full((20, 20), np.nan), Box(5, 9, 5, 9)) == 0
    # A box as large as the image still gives a ratio.
    assert np.isfinite(global_snr(shape, Box(0, 127, 0, 127)))


@pytest.mark.parametrize("channels", [1, 2, 7, 128])
def test_median_over_channels_is_numpys(channels: int, rng: np.random.Generator) -> None:
    cutout = rng.standard_normal((channels, 5, 9)).astype(np.float32)
    cutout[:, 2, 3] = 0.5  # ties
    ours = median_over_channels(cutout)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, np.median(cutout, axis=0))
