"""The training domain on the networks' cards, measured on the training set itself."""

from __future__ import annotations

import numpy as np

from deepfocus.core.grid import Grid
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.settings import SetSettings
from deepfocus.weights.domain import Domain

SKIES = 300
"""Number of training skies drawn: enough to contain the extremes of a population."""


def domain_of(settings: SetSettings, *, smallest_image_px: int) -> Domain:
    """The domain covered by the cubes of a set and the sources in them.

    smallest_image_px : side of the smallest image that Blobs Finder sees in training
    """
    cube = simulate(settings, settings.split.train[0]).cube
    assert cube.beam_px is not None, "a simulated cube has a beam"
    beam_px, cell_arcsec = cube.beam_px, cube.grid.cell_arcsec
    sizes, widths = _drawn(settings, cube.grid)
    channels, size = len(cube.data), cube.grid.nx
    return Domain(
        beam_px=(_rounded(beam_px), _rounded(beam_px)),
        cell_arcsec=(_rounded(cell_arcsec), _rounded(cell_arcsec)),
        channels=(channels, channels),
        image_px=(min(smallest_image_px, size), size),
        source_px=(_rounded(sizes.min()), _rounded(sizes.max())),
        beams_across=_rounded(float(np.hypot(sizes.max(), beam_px)) / beam_px),
        line_fwhm_chan=(_rounded(widths.min()), _rounded(widths.max())),
    )


def joined(one: Domain, other: Domain) -> Domain:
    """The domain of a network that learned from two sets."""
    pairs = {
        name: (min(a[0], b[0]), max(a[1], b[1]))
        for name in ("beam_px", "cell_arcsec", "channels", "image_px", "source_px")
        for a, b in [(getattr(one, name), getattr(other, name))]
    }
    a, b = one.line_fwhm_chan, other.line_fwhm_chan
    return Domain(
        **pairs,
        line_fwhm_chan=(min(a[0], b[0]), max(a[1], b[1])),
        beams_across=max(one.beams_across, other.beams_across),
    )


def _drawn(settings: SetSettings, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Source FWHMs (pixels) and line FWHMs (channels) in the first training skies."""
    sizes, widths = [], []
    for seed in settings.seeds("train")[:SKIES]:
        sky = settings.population.draw(grid, np.random.default_rng([seed, 0]))
        for source in sky.components:
            sizes += [source.ellipse.fwhm_x_px, source.ellipse.fwhm_y_px]
            widths += [line.fwhm_chan for line in source.line_truths(grid)]
    return np.array(sizes or [0.0]), np.array(widths or [0.0])


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
