"""How far a line's centre moves on the sky, and where to: against moments of the drawn cube."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.core.source import Source
from deepfocus.simulation.injected_source import Galaxy
from deepfocus.sky.components import Component, EmissionLine
from deepfocus.sky.disc import Disc, DiscLine
from deepfocus.sky.template_files import SHIPPED, template_of
from deepfocus.sky.template_source import TemplateSource

SIZE, CHANNELS, MIDDLE = 160, 160, 79.3
DISC = Disc(
    x=80.0, y=79.0, scale_px=5.0, inclination_deg=60.0, pa_receding=200.0, v_max_kms=250.0,
    turnover_px=3.0, dispersion_kms=12.0, lines=(DiscLine(flux_jy_kms=3.0, channel=MIDDLE),),
)  # fmt: skip


def grid(*, falling: bool = False) -> Grid:
    hz = 230e9 + 8e6 * np.arange(CHANNELS)
    return tangent_grid(
        ra_deg=60.0, dec_deg=-35.0, cell_arcsec=0.1, size=SIZE,
        freq_hz=hz[::-1].copy() if falling else hz,
    )  # fmt: skip


def moved_in(one: Disc | TemplateSource, on: Grid) -> tuple[float, float]:
    """px over the true width of the line, and the angle towards lower frequency."""
    images, spectra = one.parts(on)
    cube = np.einsum("pyx,pk->kyx", images.astype(float), spectra)
    cube /= cube.sum()
    receding = np.arange(CHANNELS) * -np.sign(on.freq_hz[1] - on.freq_hz[0])
    receding -= cube.sum(axis=(1, 2)) @ receding
    yy, xx = np.indices((SIZE, SIZE))
    variance = cube.sum(axis=(1, 2)) @ receding**2
    by = np.tensordot(receding, cube, axes=1)
    dx, dy = (by * xx).sum() / variance, (by * yy).sum() / variance
    (truth,) = one.line_truths(on)
    angle = float(np.rad2deg(np.arctan2(-dx, dy)) % 360.0)
    return float(np.hypot(dx, dy)) * truth.fwhm_chan, angle


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", [*SHIPPED, "disc"])
def test_the_truth_moves_as_the_cube_does(name: str, falling: bool) -> None:
    """A pixel and a channel smear by 1/12 of their squares each: 1% of the variances here."""
    on = grid(falling=falling)
    one = DISC if name == "disc" else TemplateSource(
        template_of(name), x=80.3, y=78.8, fwhm_px=24.0, pa=130.0, channel=MIDDLE,
        fwhm_chan=40.0, flux_jy_kms=2.5,
    )  # fmt: skip
    (truth,) = one.line_truths(on)
    length, angle = moved_in(one, on)
    assert truth.shift_px == pytest.approx(length, rel=0.02)
    assert truth.shift_px > 2
    assert (truth.kinematic_pa - angle + 180) % 360 - 180 == pytest.approx(0, abs=1)


def test_a_template_moves_in_proportion_to_its_size_and_turns_over_with_it() -> None:
    one = TemplateSource(
        template_of("H08"), x=80.0, y=80.0, fwhm_px=20.0, pa=30.0, channel=MIDDLE, fwhm_chan=20.0,
        flux_jy_kms=1.0,
    )  # fmt: skip
    length, angle = one.motion
    assert replace(one, fwhm_px=40.0, fwhm_chan=55.0).motion == pytest.approx((2 * length, angle))
    assert replace(one, pa=210.0).motion == pytest.approx((length, (angle + 180.0) % 360.0))


def test_what_does_not_turn_stays() -> None:
    still = replace(DISC, v_max_kms=0.0)
    assert still.line_truths(grid())[0].shift_px == 0
    gaussian = Component(
        x=80.0, y=80.0, fwhm_x_px=6.0, fwhm_y_px=4.0, pa=0.0, peak_jy_px=1e-3, spectral_index=0.0,
        lines=(EmissionLine(1.0, 40.0, 8.0),),
    )  # fmt: skip
    assert gaussian.line_truths(grid())[0].shift_px == 0


def test_an_injected_galaxy_moves_as_its_template_does() -> None:
    wide = Source(80.0, 80.0, 20.0, 12.0, 30.0, channel=MIDDLE, fwhm_chan=20.0)
    template = template_of("H08")
    galaxy = Galaxy.like(wide, template, grid())
    alone = TemplateSource(
        template, x=80.0, y=80.0, fwhm_px=max(galaxy.source.fwhm_x_px, galaxy.source.fwhm_y_px),
        pa=galaxy.source.pa, channel=MIDDLE, fwhm_chan=20.0, flux_jy_kms=1.0,
    )  # fmt: skip
    assert galaxy.motion == pytest.approx(alone.motion)
