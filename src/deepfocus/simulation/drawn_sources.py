"""The sources of an injection, drawn: where there are data and room, as bright as was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import distance_transform_edt

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.orientation import in_image
from deepfocus.core.source import GAUSSIAN_AREA, Source
from deepfocus.forward.ideal import ideal_snr
from deepfocus.forward.response import Response
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.simulation.injected_source import Galaxy, Gaussian, Injectable
from deepfocus.simulation.injection import Injection
from deepfocus.sky.template_files import SHIPPED, template_of

TRIES = 10_000
"""Draws of a position and channel before giving up on a cube without room."""


def drawn_sources(
    cube: Cube,
    response: Response,
    injection: Injection,
    *,
    noise_jy_beam: float,
    rng: np.random.Generator,
) -> list[Injectable]:
    """As many as the injection has. Raises `DeepFocusError` for a cube without room for them."""
    places = allowed_places(
        cube, primary_beam_above=injection.primary_beam_above, margin_px=response.beam_px
    )
    drawn: list[tuple[Source, float]] = []
    for _ in range(injection.number):
        drawn.append(_draw(cube, response, injection, places, rng, [each for each, _ in drawn]))
    gaussians = [
        _at_snr(source, snr, response, cube, injection, noise_jy_beam) for source, snr in drawn
    ]
    return [_or_galaxy(each, injection.galaxies, cube, rng) for each in gaussians]


def allowed_places(cube: Cube, *, primary_beam_above: float, margin_px: float) -> np.ndarray:
    """(pixel, 2) pixels (y, x) with data, inside that level of the mid-band primary beam.

    margin_px : minimum distance from the image's edge and from pixels without data, which would
        truncate a source; ignored if no pixel is that far away
    """
    good = np.isfinite(cube.data).any(axis=0)
    inner = distance_transform_edt(np.pad(good, 1))[1:-1, 1:-1] > margin_px
    good = inner if inner.any() else good
    if cube.primary_beam is not None:
        plane = np.nan_to_num(cube.primary_beam[len(cube.primary_beam) // 2])
        good &= plane >= primary_beam_above
    places = np.argwhere(good)
    if len(places) == 0:
        raise DeepFocusError(
            f"the cube has no data where the primary beam is above {primary_beam_above:g}",
            wanted="a region for the sources",
            remedy="give a cube that covers the field's centre",
        )
    return places


def _draw(
    cube: Cube,
    response: Response,
    injection: Injection,
    places: np.ndarray,
    rng: np.random.Generator,
    others: Sequence[Source],
) -> tuple[Source, float]:
    """A source whose line peaks at 1 Jy, apart from others, and its target SNR."""
    channels = len(cube.data)
    low, high = injection.line_fwhm_chan
    widest = min(high, channels / 4)
    fwhm_chan = float(rng.uniform(min(low, widest), widest))
    for _ in range(TRIES):
        row, column = places[rng.integers(len(places))]
        channel = float(rng.uniform(fwhm_chan, channels - 1 - fwhm_chan))
        here = Source(column, row, 0.0, 0.0, 0.0, channel, fwhm_chan)
        if np.isfinite(cube.data[round(channel), row, column]) and all(
            _apart(here, each, response.beam_px, injection) for each in others
        ):
            break
    else:
        raise DeepFocusError(
            "no voxel with data, apart from other sources, was found for a source",
            wanted="a cube with data in most channels, and room",
            remedy="inject fewer at a time, or cut out the region and channels that have data",
        )
    x, y = np.array([column, row]) + rng.uniform(-0.5, 0.5, size=2)
    sizes = rng.uniform(*injection.size_beams, size=2) * response.beam_px
    pa = float(rng.uniform(0.0, 180.0))
    fwhm_x, fwhm_y = axes_from_major_minor(sizes.max(), sizes.min(), pa)
    continuum = float(rng.uniform(*injection.continuum_over_line))
    shape = {"fwhm_x_px": fwhm_x, "fwhm_y_px": fwhm_y, "pa": np.asarray(pa)}
    if not cube.grid.square_cells:  # these are sizes and angle on the sky
        shape = in_image({"x": x, "y": y, **shape}, cube.grid)
    source = Source(
        x=float(x),
        y=float(y),
        **{name: float(value) for name, value in shape.items()},
        channel=channel,
        fwhm_chan=fwhm_chan,
        line_jy=1.0,
        continuum_jy=continuum if rng.uniform() < injection.with_continuum else 0.0,
    )
    wanted = injection.ideal_snr or injection.line_snr or injection.snr
    return source, float(np.exp(rng.uniform(*np.log(wanted))))


def _apart(one: Source, other: Source, beam_px: float, injection: Injection) -> bool:
    """Whether two sources share no channels, or lie apart on the sky."""
    far_in_band = abs(one.channel - other.channel) > 1.5 * (one.fwhm_chan + other.fwhm_chan)
    if far_in_band or not injection.apart_beams:
        return True
    least = (injection.apart_beams + injection.size_beams[1]) * beam_px
    return float(np.hypot(one.x - other.x, one.y - other.y)) >= least


def line_filter_gain(fwhm_chan: np.ndarray | float) -> np.ndarray:
    """Signal-to-noise of a Gaussian line in a filter like it, over that of its peak channel.

    The root of the sum of its squares; 1 for a line in one channel. Channels are independent.
    """
    gain: np.ndarray = np.sqrt(np.maximum(np.asarray(fwhm_chan) * GAUSSIAN_AREA / np.sqrt(2), 1.0))
    return gain


def _at_snr(
    source: Source,
    snr: float,
    response: Response,
    cube: Cube,
    injection: Injection,
    noise_jy_beam: float,
) -> Source:
    """The source at the brightness that was drawn, in the measure that the injection names."""
    if injection.ideal_snr is not None:
        return _at_ideal_snr(source, response, cube, snr)
    if injection.line_snr is not None:
        snr = snr / float(line_filter_gain(source.fwhm_chan))
    return _scaled(source, response, snr * noise_jy_beam)


def _or_galaxy(source: Source, share: float, cube: Cube, rng: np.random.Generator) -> Injectable:
    """The source, or a real galaxy in place of a share of them: of any size but points."""
    larger = max(source.fwhm_x_px, source.fwhm_y_px)
    if not share or rng.uniform() >= share or not larger > 0:
        return Gaussian(source)
    template = template_of(SHIPPED[rng.integers(len(SHIPPED))])
    turned = replace(source, pa=source.pa + 180.0 * int(rng.integers(2)))
    return Galaxy.like(turned, template, cube.grid)


def _scaled(source: Source, response: Response, peak_jy_beam: float) -> Source:
    """The source, scaled so that its line alone peaks at `peak_jy_beam` in the cube."""
    channel, unit_peak = brightest(source, response)
    at_peak = unit_peak * source.line(response.interpolation.shape[1])[channel]
    return source.brighter(peak_jy_beam / at_peak)


def _at_ideal_snr(source: Source, response: Response, cube: Cube, snr: float) -> Source:
    """The source, scaled so that its line has this SNR for an ideal observer."""
    if cube.noise is None:
        raise DeepFocusError(
            "the noise of the cube is unknown",
            wanted="a simulated cube, whose known noise defines the ideal signal-to-noise ratio",
            remedy="give snr, the peak in one channel, instead of ideal_snr",
        )
    return source.brighter(snr / ideal_snr(source, response, cube.noise))


def brightest(source: Source, response: Response) -> tuple[int, float]:
    """Channel of the line's peak, and the peak of a 1 Jy source's image there, Jy/beam."""
    channel = int(np.argmax(source.line(response.interpolation.shape[1])))
    plane = np.tensordot(response.interpolation[:, channel], response.of_source(source), axes=1)
    return channel, float(plane.max())
