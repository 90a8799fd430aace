"""One Gaussian with one line."""

import numpy as np
import pytest

from deepfocus.core.source import GAUSSIAN_AREA, Ellipse, Source
from deepfocus.ops.gaussians import gaussian_2d

SOURCE = Source(20.3, 30.1, 8.0, 5.0, 25.0, channel=31.2, fwhm_chan=6.0, line_jy=2.0)


def test_area_is_the_sum_of_the_pixels_of_a_unit_peak() -> None:
    assert SOURCE.area_px == pytest.approx(gaussian_2d((64, 64), SOURCE).sum(), rel=1e-5)


def test_a_line_of_unit_peak_has_the_area_of_a_gaussian() -> None:
    assert SOURCE.line(64).sum() == pytest.approx(GAUSSIAN_AREA * 6.0, rel=1e-6)
    at_half = Source(0, 0, 1, 1, 0, channel=31.0, fwhm_chan=6.0).line(64)
    assert at_half[[28, 31, 34]] == pytest.approx([0.5, 1.0, 0.5])


def test_a_spectrum_is_line_and_continuum() -> None:
    source = Source(0, 0, 1, 1, 0, channel=31.0, fwhm_chan=6.0, line_jy=2.0, continuum_jy=0.5)
    assert source.spectrum(64)[[0, 31]] == pytest.approx([0.5, 2.5])
    assert np.isnan(Source(0, 0, 1, 1, 0, channel=31.0, fwhm_chan=6.0).spectrum(64)).all()


def test_a_moved_source_keeps_its_kind_and_the_rest() -> None:
    moved = SOURCE.shifted(x=1.0, y=-2.0)
    assert isinstance(moved, Source)
    assert (moved.x, moved.y, moved.channel) == (21.3, pytest.approx(28.1), 31.2)
    assert type(Ellipse(0, 0, 1, 1, 0).shifted(x=1, y=1)) is Ellipse
