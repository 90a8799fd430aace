"""PyBDSF and Aegean on images of a cube; what each finder of [peers] says where it is missing."""

from __future__ import annotations

import logging
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from finder_cubes import SIGMA, cube_with, empty_cube, source
from scipy.ndimage import gaussian_filter

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse
from deepfocus.finders.aegean.finder import Aegean
from deepfocus.finders.images.finder import LEAST_CHANNELS
from deepfocus.finders.images.maps import ChannelMaps
from deepfocus.finders.images.plain_file import write_plain
from deepfocus.finders.images.quiet import quiet
from deepfocus.finders.images.sighting import SeesImages
from deepfocus.finders.kinds import finder_class, finder_from
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.pybdsf.finder import Pybdsf
from deepfocus.ops.ellipses import covariance_of, ellipse_of
from deepfocus.ops.gaussians import gaussian_2d

MODULES = {"photutils": "photutils", "pybdsf": "bdsf", "aegean": "AegeanTools"}
INSTALLED = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            find_spec(MODULES[kind]) is None, reason="needs the extra [peers]"
        ),
    )
    for kind in ("pybdsf", "aegean")
]
BEAM = Ellipse(0.0, 0.0, 6.0, 8.0, 130.0)


@pytest.mark.parametrize("kind", MODULES)
def test_without_its_package_a_finder_names_the_extra(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, MODULES[kind], None)
    with pytest.raises(DeepFocusError, match=r"is not installed; wanted the extra \[peers\]"):
        finder_class(kind)().ready()


@pytest.mark.parametrize("make", [lambda: Pybdsf(thresh_pix=2.0), lambda: Aegean(seed_clip=3.0)])
def test_thresholds_the_wrong_way_round_are_refused(make: type) -> None:
    with pytest.raises(DeepFocusError, match=r"down to [34] sigma"):
        make()


def test_an_image_in_a_file_has_its_pixels_and_its_beam(tmp_path: Path) -> None:
    image = np.arange(12.0).reshape(3, 4)
    axes = write_plain(image, BEAM, tmp_path / "image.fits")
    ra, dec = axes.all_pix2world([1.0, 2.0], [1.0, 1.0], 0)
    # to the right is west: a pixel of an arcsec in right ascension, on the equator
    assert (ra[0] - ra[1]) * 3600 == pytest.approx(1.0)
    assert dec[0] == pytest.approx(dec[1])
    with fits.open(tmp_path / "image.fits") as file:
        np.testing.assert_array_equal(file[0].data, image)
        assert file[0].header["BMAJ"] * 3600 == pytest.approx(8.0)
        assert file[0].header["BPA"] == 130.0


def test_others_are_quiet_and_we_are_not(caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        logging.getLogger("other").error("unheard")
    logging.getLogger("ours").error("heard")
    assert [each.message for each in caplog.records] == ["heard"]


@pytest.mark.parametrize("kind", INSTALLED)
def test_sources_with_continuum_are_found_and_measured(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sources = [
        source(40.3, 50.6, 20.4, snr=60, continuum_jy=20 * SIGMA),
        source(80.7, 70.2, 41.5, snr=40, fwhm_chan=10, continuum_jy=15 * SIGMA),
    ]
    cube = cube_with(sources)
    ready = finder_class(kind)().ready()
    assert ready.provenance
    found = ready.find(cube).catalogue.accepted
    assert not list(tmp_path.glob("deepfocus-*")), "what was written for the package is gone"
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        assert found["x"][at] == pytest.approx(each.x, abs=0.2)
        assert found["y"][at] == pytest.approx(each.y, abs=0.2)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.3)
        kms = cube.grid.width_kms(1.0, each.channel)
        flux = each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms
        assert found["line_flux"][at] == pytest.approx(flux, rel=0.1)
        # points: what noise leaves of a beam of 7 px after deconvolution, at an SNR of 100
        assert found["fwhm_x_px"][at] < 2.5
        assert found["fwhm_y_px"][at] < 2.5


@pytest.mark.parametrize("kind", INSTALLED)
def test_a_faint_line_is_found_in_a_map_of_its_channels(kind: str) -> None:
    cube = cube_with([source(80, 70, 40, snr=7)])
    maps = ChannelMaps(widths_chan=(6.0,))
    found = finder_class(kind)(maps=maps).ready().find(cube).catalogue.accepted  # type: ignore[call-arg]
    # a beam of 7 px over twice the SNR of 14: 0.25 px, and five times that
    assert np.hypot(found["x"] - 80, found["y"] - 70).min() < 1.2
    assert len(found) <= 3


@pytest.mark.parametrize("kind", INSTALLED)
def test_a_shape_has_its_size_and_its_angle_and_no_beam(kind: str) -> None:
    """In noise that is correlated like the beam, as of an interferometer."""
    noise = empty_cube(shape=(8, 128, 128)).data[3] / SIGMA
    beam = beam_ellipse(empty_cube(shape=(8, 128, 128)))
    true = Ellipse(60.0, 55.0, 20.0, 10.0, 30.0)
    seen = ellipse_of(covariance_of(true) + covariance_of(beam), x=true.x, y=true.y)
    image = 60 * gaussian_2d((128, 128), seen) + noise
    image[:15] = np.nan
    finder: SeesImages = finder_class(kind)()  # type: ignore[assignment]
    (found,) = finder.sightings(image, beam)
    assert (found.x, found.y) == pytest.approx((true.x, true.y), abs=0.5)
    assert found.shape is not None
    # 21 px over twice an SNR of 60 is 1%; the noise of a package's own fit is more
    assert found.shape.fwhm_x_px == pytest.approx(20, rel=0.1)
    assert found.shape.fwhm_y_px == pytest.approx(10, rel=0.2)
    # Aegean's fit is 9 deg off here, with errors of 1 deg: it weighs with the beam's covariance
    assert found.shape.pa == pytest.approx(30, abs=12)


@pytest.mark.parametrize("kind", INSTALLED)
def test_an_image_of_nothing_has_no_source(kind: str) -> None:
    finder: SeesImages = finder_class(kind)()  # type: ignore[assignment]
    assert finder.sightings(np.zeros((40, 40)), BEAM) == []
    assert finder.sightings(np.full((40, 40), np.nan), BEAM) == []


@pytest.mark.parametrize("kind", INSTALLED)
def test_too_few_channels_are_refused(kind: str) -> None:
    with pytest.raises(DeepFocusError, match=f"wanted at least 8 for the finder {kind}"):
        finder_from({"kind": kind}).ready().find(empty_cube(shape=(LEAST_CHANNELS - 1, 40, 40)))


@pytest.mark.skipif(find_spec("AegeanTools") is None, reason="needs the extra [peers]")
def test_a_crowd_whose_fit_has_no_covariance_does_not_end_the_search() -> None:
    """Aegean names an error that NumPy 2 does not have."""
    rng = np.random.default_rng(0)
    noise, light = (
        gaussian_filter(rng.standard_normal((32, 32)), wide, mode="wrap") for wide in (1.5, 2.0)
    )
    image = noise / noise.std() + 60 * np.maximum(light / light.std() - 1, 0)
    found = Aegean(smooth_beams=0.0).sightings(image, Ellipse(0.0, 0.0, 4.0, 4.0, 0.0))
    assert found
    brightest = max(found, key=lambda each: each.snr)
    y, x = np.unravel_index(np.argmax(image), image.shape)
    assert np.hypot(brightest.x - x, brightest.y - y) < 4
