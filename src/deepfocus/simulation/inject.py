"""Add simulated sources to a real cube, through its own beam, primary beam and grid.

A source is an elliptical Gaussian with one Gaussian line, or a real galaxy, with or without
continuum. It appears in the cube as (sky x primary beam) convolved with the dirty beam, as in a
simulated cube. The noise, the artefacts and the cube's own sources stay unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows, numbered
from deepfocus.core.channels import MOST_OF_AN_IMAGE, is_image
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.gain import with_gain
from deepfocus.core.noise import DirtyBeam, White
from deepfocus.core.orientation import on_sky, plane_at
from deepfocus.core.source import GAUSSIAN_AREA, Source
from deepfocus.forward.ideal import limit_in
from deepfocus.forward.noise import noise_level
from deepfocus.forward.response import Response, response_of
from deepfocus.simulation.drawn_sources import brightest, drawn_sources
from deepfocus.simulation.injected_source import Gaussian, Injectable, rendered
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.truth import limit_columns, motion_columns, place_and_shape, w20_columns


@dataclass(frozen=True, eq=False, repr=False)
class Injected:
    """A cube with injected sources.

    cube : the original plus the sources; added : (chan, y, x) the sources alone, Jy/beam
    truth : of the injected sources; noise_jy_beam : noise of the original
    sources : the Gaussians, or those that stand for galaxies
    """

    cube: Cube
    added: np.ndarray
    truth: Catalogue
    sources: tuple[Source, ...]
    noise_jy_beam: float

    def __repr__(self) -> str:
        return f"{self.cube!r}\nInjected: {self.truth!r}"


def inject(cube: Cube, injection: Injection, seed: int) -> Injected:
    """Add `injection.number` sources; the same seed gives the same sources.

    Raises `DeepFocusError` for a cube without a beam, noise, or room for a source, for one that is
    corrected for its primary beam, and for an image of few channels.
    """
    _refuse_corrected(cube)
    _refuse_image(cube)
    response = response_of(cube)
    noise = noise_level(cube)
    if noise <= 0:
        raise DeepFocusError(
            "the cube has no noise: its channels do not differ",
            wanted="a cube with noise, which defines the signal-to-noise ratio",
            remedy="give the dirty cube itself, not a model or a masked one",
        )
    rng = np.random.default_rng(seed)
    injected = drawn_sources(cube, response, injection, noise_jy_beam=noise, rng=rng)
    added = rendered(injected, response)
    truth = injected_truth(injected, response, cube=cube, noise_jy_beam=noise)
    return Injected(
        cube=cube.with_data(cube.data + added),
        added=added,
        truth=truth.with_meta(seed=seed),
        sources=tuple(each.source for each in injected),
        noise_jy_beam=noise,
    )


def _refuse_image(cube: Cube) -> None:
    channels = len(cube.data)
    if is_image(channels):
        raise DeepFocusError(
            f"the cube has {numbered(channels, 'channel')}",
            wanted=f"{MOST_OF_AN_IMAGE + 1} or more, in which an injected line has room",
            remedy="inject into the cube that the image was made of",
        )


def _refuse_corrected(cube: Cube) -> None:
    name = str(cube.meta.get("name", ""))
    # with its primary beam it was read as the image before
    if name.endswith("pbcor") and cube.primary_beam is None:
        raise DeepFocusError(
            f"{name} is corrected for the primary beam, by its name",
            wanted="the image before that correction, whose noise is uniform",
            remedy="give the .image of the same imaging run",
        )


def render(sources: list[Source], response: Response) -> np.ndarray:
    """(chan, y, x) float32 noise-free sum of Gaussian sources, Jy/beam."""
    return rendered([Gaussian(each) for each in sources], response)


def injected_truth(
    sources: Sequence[Injectable], response: Response, *, cube: Cube, noise_jy_beam: float
) -> Catalogue:
    """One row per source, columns and beam as in a simulated truth.

    Fluxes are before the primary beam.
    """
    rows = [_row(source, response, cube, noise_jy_beam) for source in sources]
    return with_gain(catalogue_of_rows(rows), cube).with_meta(
        beam_px=response.beam_px, channels=len(cube.data)
    )


def _row(
    injected: Injectable, response: Response, cube: Cube, noise_jy_beam: float
) -> dict[str, float]:
    source = injected.source
    line_peak, peak = _peaks(injected, response)
    row = place_and_shape(source, cube.grid)
    row |= {
        "line_flux": source.line_jy * row["line_fwhm"] * GAUSSIAN_AREA,
        "peak": peak * 1e3,
        "continuum": source.continuum_jy * 1e3,
        "snr_peak": line_peak / noise_jy_beam,
    }
    row |= w20_columns(injected.w20_chan, source.channel, cube.grid)
    row |= motion_columns(*injected.motion, cube.grid)
    if isinstance(injected, Gaussian) and _noise_is_known(cube):
        assert cube.noise is not None
        grid = cube.grid
        plane = None if grid.square_cells else plane_at(grid, x=source.x, y=source.y)
        limit = limit_in(source, response, cube.noise, plane=plane)
        row |= limit_columns(limit, source.channel, row["line_flux"], cube.grid)
    turned = on_sky({name: np.asarray(value) for name, value in row.items()}, cube.grid)
    return row | {name: float(value) for name, value in turned.items()}


def _peaks(injected: Injectable, response: Response) -> tuple[float, float]:
    """Of the line alone and of all, Jy/beam, in the cube."""
    source = injected.source
    if isinstance(injected, Gaussian):
        channel, unit_peak = brightest(source, response)
        line = unit_peak * source.line_jy * source.line(response.interpolation.shape[1])[channel]
        return line, line + unit_peak * source.continuum_jy
    shown = float(rendered([injected], response).max())
    if not source.continuum_jy:
        return shown, shown
    return float(rendered([injected.line_alone()], response).max()), shown


def _noise_is_known(cube: Cube) -> bool:
    """Whether the limits of a source follow from the cube: its noise was simulated."""
    noise = cube.noise
    known = noise is not None and isinstance(noise.power, White | DirtyBeam)
    return known and noise is not None and noise.sigma_jy_beam is not None
