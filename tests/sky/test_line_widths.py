"""Widths of a line at half and at a fifth of its peak: against the spectrum of the drawn source."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sky.test_motion import CHANNELS, DISC, MIDDLE, grid

from deepfocus.core.source import FIFTH_PER_HALF, Source
from deepfocus.simulation.injected_source import Galaxy, Gaussian
from deepfocus.sky.components import Component, EmissionLine
from deepfocus.sky.template_files import SHIPPED, template_of
from deepfocus.sky.template_source import TemplateSource


def width_at(level: float, spectrum: np.ndarray) -> float:
    """Between the outermost crossings, interpolated between channels."""
    height = level * spectrum.max()
    above = np.flatnonzero(spectrum >= height)
    first, last = above[0], above[-1]
    low = np.interp(height, spectrum[first - 1 : first + 1], [first - 1, first])
    high = np.interp(-height, -spectrum[last : last + 2], [last, last + 1])
    return float(high - low)


@pytest.mark.parametrize("name", [*SHIPPED, "disc"])
def test_widths_of_a_galaxy_are_those_of_its_spectrum(name: str) -> None:
    one = DISC if name == "disc" else TemplateSource(
        template_of(name), x=80.3, y=78.8, fwhm_px=24.0, pa=130.0, channel=MIDDLE,
        fwhm_chan=60.0, flux_jy_kms=2.5,
    )  # fmt: skip
    (truth,) = one.line_truths(grid())
    images, spectra = one.parts(grid())
    spectrum = images.astype(float).sum(axis=(1, 2)) @ spectra
    # a channel smooths the edges, which are steep, and lowers the horns
    assert truth.fwhm_chan == pytest.approx(width_at(0.5, spectrum), abs=1.0)
    assert truth.w20_chan == pytest.approx(width_at(0.2, spectrum), abs=1.5)
    assert truth.fwhm_chan < truth.w20_chan


def test_a_gaussian_is_half_as_wide_again_at_a_fifth() -> None:
    line = EmissionLine(2.0, MIDDLE, 30.0)
    one = Component(80.0, 80.0, 9.0, 6.0, 30.0, 1e-3, 0.0, (line,))
    (truth,) = one.line_truths(grid())
    spectrum = np.exp(-4 * np.log(2) * ((np.arange(CHANNELS) - MIDDLE) / 30.0) ** 2)
    assert truth.w20_chan == pytest.approx(width_at(0.2, spectrum), rel=1e-3)


def test_what_is_injected_is_as_wide_as_what_is_simulated() -> None:
    source = Source(80.0, 80.0, 20.0, 12.0, 30.0, MIDDLE, 40.0, 1e-3)
    assert Gaussian(source).w20_chan == pytest.approx(40.0 * FIFTH_PER_HALF)
    name = SHIPPED[0]
    template = template_of(name)
    simulated = TemplateSource(template, 80.0, 80.0, 20.0, 30.0, MIDDLE, 40.0, 1.0)
    galaxy = Galaxy.like(source, template, grid())
    assert galaxy.w20_chan == simulated.w20_chan
