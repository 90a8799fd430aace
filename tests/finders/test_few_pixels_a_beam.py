"""Beams of two and a half to five pixels: peaks are the brightest pixels, masks hold the flux."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from finder_cubes import SIGMA, empty_cube

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.source import GAUSSIAN_AREA, Source
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.forward.response import response_of
from deepfocus.simulation.inject import render

SHAPE = (48, 150, 150)


def points(beam_px: float, snr: float, seed: int) -> tuple[Cube, list[Source]]:
    """49 of them, anywhere within their pixels, in noise that the beam correlates."""
    rng = np.random.default_rng(seed)
    beam = Beam(0.1 * beam_px * 1.1, 0.1 * beam_px / 1.1, 40.0)
    cube = empty_cube(shape=SHAPE, seed=seed)
    blank = replace(cube, data=np.zeros(SHAPE, np.float32), beam=beam, noise=None)
    response = response_of(blank)
    white = np.zeros((SHAPE[0], *response.padded))
    white[:, : SHAPE[1], : SHAPE[2]] = rng.standard_normal(SHAPE)
    spread = np.fft.rfft2(white) * np.sqrt(np.abs(response.transfer[0]))
    noise = np.fft.irfft2(spread, s=response.padded)[:, : SHAPE[1], : SHAPE[2]]
    noise *= SIGMA / noise.std()
    places = [(15.0 + 20.0 * i, 15.0 + 20.0 * j) for i in range(7) for j in range(7)]
    sources = [
        Source(x + dx, y + dy, 0.0, 0.0, 0.0, 14.0 + 10.0 * (i % 3), 4.5, snr * SIGMA)
        for i, ((x, y), (dx, dy)) in enumerate(
            zip(places, rng.uniform(-0.5, 0.5, (49, 2)), strict=True)
        )
    ]
    return blank.with_data((render(sources, response) + noise).astype(np.float32)), sources


def found_in(cube: Cube) -> Catalogue:
    return DeepFocus().ready().find(cube).catalogue.accepted


@pytest.mark.parametrize("beam_px", [2.5, 3.5, 5.0])
def test_a_peak_is_that_of_the_brightest_pixel(beam_px: float) -> None:
    """The box of a point is little more than a pixel, and has its last one."""
    cube, sources = points(beam_px, 30.0, 1)
    found = found_in(cube)
    assert len(found) == len(sources)
    rows, columns, channels = (np.round(found[name]).astype(int) for name in ("y", "x", "channel"))
    nearest = [
        cube.array[max(k - 3, 0) : k + 4, y, x].max()
        for k, y, x in zip(channels, rows, columns, strict=True)
    ]
    assert (found["peak"] >= 1e3 * np.array(nearest) * 0.999).all()


@pytest.mark.parametrize("beam_px", [2.5, 3.5, 5.0])
def test_masks_hold_the_flux(beam_px: float) -> None:
    """Their shells are a quarter of a beam thick, of which the first may have no pixel."""
    cube, sources = points(beam_px, 30.0, 2)
    found = found_in(cube)
    kms = float(cube.grid.width_kms(1.0, 24.0))
    true = sources[0].line_jy * sources[0].fwhm_chan * GAUSSIAN_AREA * kms
    # it was 0.87 below four pixels; the median of 49 is known to a percent
    assert np.median(found["mask_flux"]) / true == pytest.approx(1.0, abs=0.03)


def test_errors_of_masks_are_those_that_they_make() -> None:
    """Of faint sources, where noise decides how far a mask goes: pulls were 1.4 wide."""
    pulls = []
    for seed in (3, 4):
        cube, sources = points(5.0, 5.2, seed)
        found = found_in(cube)
        assert len(found) > 0.9 * len(sources)
        kms = float(cube.grid.width_kms(1.0, 24.0))
        true = sources[0].line_jy * sources[0].fwhm_chan * GAUSSIAN_AREA * kms
        pulls += list((found["mask_flux"] - true) / found["mask_flux_err"])
    # the width of 98 is known to 7%
    assert 0.85 < np.std(pulls) < 1.25
    assert abs(np.mean(pulls)) < 0.35
