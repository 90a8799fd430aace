"""Segments of images by photutils; what it says where it is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from finder_cubes import SIGMA, cube_with, source

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse
from deepfocus.finders.images.maps import ChannelMaps
from deepfocus.finders.photutils.finder import Photutils
from deepfocus.finders.photutils.segments import Segmentation, sightings_of
from deepfocus.ops.ellipses import covariance_of, ellipse_of
from deepfocus.ops.gaussians import gaussian_2d

INSTALLED = pytest.mark.skipif(find_spec("photutils") is None, reason="needs the extra [peers]")
BEAM = Ellipse(0.0, 0.0, 6.0, 8.0, 100.0)
HOW = Segmentation(box_px=70, smooth_px=3.5, threshold=3.0, pixels=15, contrast=0.01)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "photutils", None)
    with pytest.raises(DeepFocusError, match=r"photutils is not installed; .*\[peers\]"):
        Photutils().ready()


def test_a_threshold_of_nothing_is_refused() -> None:
    with pytest.raises(DeepFocusError, match="positive numbers"):
        Photutils(detection_snr=0.0)


@INSTALLED
def test_sources_with_continuum_are_found_and_measured() -> None:
    sources = [
        source(40.3, 50.6, 20.4, snr=60, continuum_jy=20 * SIGMA),
        source(80.7, 70.2, 41.5, snr=40, fwhm_chan=10, continuum_jy=15 * SIGMA),
    ]
    cube = cube_with(sources)
    found = Photutils().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for each, at in zip(sources, np.argsort(found["x"]), strict=True):
        assert found["x"][at] == pytest.approx(each.x, abs=0.2)
        assert found["channel"][at] == pytest.approx(each.channel, abs=0.3)
        kms = cube.grid.width_kms(1.0, each.channel)
        flux = each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * kms
        assert found["line_flux"][at] == pytest.approx(flux, rel=0.1)


@INSTALLED
def test_faint_lines_are_found_in_maps_of_their_channels() -> None:
    cube = cube_with([source(80, 70, 40, snr=7), source(40, 40, 20, snr=7)])
    found = Photutils(maps=ChannelMaps()).ready().find(cube).catalogue.accepted
    for x, y in ((80, 70), (40, 40)):
        # a beam of 7 px over twice the SNR of 13: 0.3 px, and four times that
        assert np.hypot(found["x"] - x, found["y"] - y).min() < 1.2
    assert len(found) <= 3


@INSTALLED
def test_a_shape_has_its_size_and_its_angle_and_no_beam(rng: np.random.Generator) -> None:
    true = Ellipse(60.0, 55.0, 20.0, 10.0, 30.0)
    seen = ellipse_of(covariance_of(true) + covariance_of(BEAM), x=true.x, y=true.y)
    image = 200 * gaussian_2d((128, 128), seen) + rng.standard_normal((128, 128))
    image[:20] = np.nan
    (found,) = sightings_of(image, BEAM, HOW)
    assert (found.x, found.y) == pytest.approx((true.x, true.y), abs=0.3)
    # the noise is that of all pixels: those of the source, a tenth of the image, raise it
    assert found.snr == pytest.approx(200, rel=0.2)
    assert found.shape is not None
    # moments of what is above the threshold: of a Gaussian cut at 1% to 2%, 5% too small
    assert found.shape.fwhm_x_px == pytest.approx(20, rel=0.15)
    assert found.shape.fwhm_y_px == pytest.approx(10, rel=0.2)
    assert found.shape.pa == pytest.approx(30, abs=5)


@INSTALLED
def test_touching_sources_are_split(rng: np.random.Generator) -> None:
    near = [Ellipse(x, 64.0, 7.0, 7.0, 0.0) for x in (58.0, 70.0)]
    image = sum(60 * gaussian_2d((128, 128), each) for each in near)
    found = sightings_of(image + rng.standard_normal((128, 128)), BEAM, HOW)
    assert sorted(round(each.x) for each in found) == [58, 70]


@INSTALLED
def test_an_image_of_nothing_has_no_source() -> None:
    assert sightings_of(np.zeros((40, 40)), BEAM, HOW) == []
    assert sightings_of(np.full((40, 40), np.nan), BEAM, HOW) == []
