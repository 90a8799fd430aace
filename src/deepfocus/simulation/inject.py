"""Add simulated sources to a real cube, through its own beam, primary beam and grid.

A source is an elliptical Gaussian with one Gaussian line, with or without continuum. It appears
in the cube as (sky x primary beam) convolved with the dirty beam, as in a simulated cube. The
noise, the artefacts and the cube's own sources stay unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows, numbered
from deepfocus.core.channels import MOST_OF_AN_IMAGE, is_image
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import DirtyBeam, White
from deepfocus.core.orientation import in_image, on_sky, plane_at
from deepfocus.core.source import GAUSSIAN_AREA, Source
from deepfocus.forward.ideal import ideal_snr, limit_in
from deepfocus.forward.noise import noise_level
from deepfocus.forward.response import Response, response_of
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.simulation.truth import limit_columns, place_and_shape

Range = tuple[float, float]
TRIES = 10_000
"""Draws of a position and channel before giving up on a cube without room."""


@dataclass(frozen=True)
class Injection:
    """Sources to add to a cube. Values are drawn uniformly from their ranges, SNRs log-uniformly.

    number : number of sources
    snr : peak of the line in one channel over the cube's noise, after beam and primary beam
    ideal_snr : instead of snr, the whole line's SNR for an ideal observer who knows its template
        (forward.ideal); only for cubes whose noise is known
    size_beams : major and minor FWHM on the sky over the geometric mean FWHM of the beam
    line_fwhm_chan : line FWHM, channels; limited to a quarter of the band
    with_continuum : fraction of sources that have a continuum, which is flat over the band
    continuum_over_line : flux density of that continuum over the line's peak
    primary_beam_above : minimum primary beam response at a source
    """

    number: int = 5
    snr: Range = (5.0, 50.0)
    size_beams: Range = (0.5, 2.0)
    line_fwhm_chan: Range = (3.0, 10.0)
    with_continuum: float = 0.5
    continuum_over_line: Range = (0.2, 1.0)
    primary_beam_above: float = 0.3
    ideal_snr: Range | None = None

    def __post_init__(self) -> None:
        _check("number", self.number, self.number >= 1, "at least 1")
        _check("snr", self.snr, 0 < self.snr[0] <= self.snr[1], "0 < low <= high")
        low, high = self.ideal_snr or (1.0, 1.0)
        _check("ideal_snr", self.ideal_snr, 0 < low <= high, "0 < low <= high")
        low, high = self.size_beams
        _check("size_beams", self.size_beams, 0 <= low <= high, "0 <= low <= high")
        low, high = self.line_fwhm_chan
        _check("line_fwhm_chan", self.line_fwhm_chan, 1 <= low <= high, "1 <= low <= high")
        share = self.with_continuum
        _check("with_continuum", share, 0 <= share <= 1, "a share between 0 and 1")
        low, high = self.continuum_over_line
        _check(
            "continuum_over_line", self.continuum_over_line, 0 <= low <= high, "0 <= low <= high"
        )


def _check(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise DeepFocusError(f"{name} = {value}", wanted=wanted, remedy="correct the value")


@dataclass(frozen=True, eq=False, repr=False)
class Injected:
    """A cube with injected sources.

    cube : the original plus the sources; added : (chan, y, x) the sources alone, Jy/beam
    truth : of the injected sources; noise_jy_beam : noise of the original
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
    places = allowed_places(
        cube, primary_beam_above=injection.primary_beam_above, margin_px=response.beam_px
    )
    drawn = [_draw(cube, response, injection, places, rng) for _ in range(injection.number)]
    if injection.ideal_snr is None:
        sources = [_scaled(source, response, snr * noise) for source, snr in drawn]
    else:
        sources = [_at_ideal_snr(source, response, cube, snr) for source, snr in drawn]
    added = render(sources, response)
    truth = injected_truth(sources, response, cube=cube, noise_jy_beam=noise)
    return Injected(
        cube=cube.with_data(cube.data + added),
        added=added,
        truth=truth.with_meta(seed=seed),
        sources=tuple(sources),
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
    if name.endswith("pbcor"):
        raise DeepFocusError(
            f"{name} is corrected for the primary beam, by its name",
            wanted="the image before that correction, whose noise is uniform",
            remedy="give the .image of the same imaging run",
        )


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


def render(sources: list[Source], response: Response) -> np.ndarray:
    """(chan, y, x) float32 noise-free sum of the sources, Jy/beam."""
    channels = response.interpolation.shape[1]
    out = np.zeros((channels, response.ny, response.nx), np.float32)
    for source in sources:
        planes = response.of_source(source)
        weights = response.interpolation * source.spectrum(channels)
        for channel in range(channels):
            out[channel] += np.tensordot(weights[:, channel], planes, axes=1).astype(np.float32)
    return out


def injected_truth(
    sources: list[Source], response: Response, *, cube: Cube, noise_jy_beam: float
) -> Catalogue:
    """One row per source, columns and beam as in a simulated truth.

    Fluxes are before the primary beam.
    """
    rows = [_row(source, response, cube, noise_jy_beam) for source in sources]
    return catalogue_of_rows(rows).with_meta(beam_px=response.beam_px, channels=len(cube.data))


def _draw(
    cube: Cube,
    response: Response,
    injection: Injection,
    places: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Source, float]:
    """A source whose line peaks at 1 Jy, and its target SNR."""
    channels = len(cube.data)
    low, high = injection.line_fwhm_chan
    widest = min(high, channels / 4)
    fwhm_chan = float(rng.uniform(min(low, widest), widest))
    for _ in range(TRIES):
        row, column = places[rng.integers(len(places))]
        channel = float(rng.uniform(fwhm_chan, channels - 1 - fwhm_chan))
        if np.isfinite(cube.data[round(channel), row, column]):
            break
    else:
        raise DeepFocusError(
            "no voxel with data was found for a source",
            wanted="a cube with data in most channels",
            remedy="cut out the region and the channels that have data",
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
    return source, float(np.exp(rng.uniform(*np.log(injection.ideal_snr or injection.snr))))


def _scaled(source: Source, response: Response, peak_jy_beam: float) -> Source:
    """The source, scaled so that its line alone peaks at `peak_jy_beam` in the cube."""
    channel, unit_peak = _brightest(source, response)
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


def _brightest(source: Source, response: Response) -> tuple[int, float]:
    """Channel of the line's peak, and the peak of a 1 Jy source's image there, Jy/beam."""
    channel = int(np.argmax(source.line(response.interpolation.shape[1])))
    plane = np.tensordot(response.interpolation[:, channel], response.of_source(source), axes=1)
    return channel, float(plane.max())


def _row(source: Source, response: Response, cube: Cube, noise_jy_beam: float) -> dict[str, float]:
    channel, unit_peak = _brightest(source, response)
    line_peak = unit_peak * source.line_jy * source.line(len(cube.data))[channel]
    row = place_and_shape(source, cube.grid)
    row |= {
        "line_flux": source.line_jy * row["line_fwhm"] * GAUSSIAN_AREA,
        "peak": (line_peak + unit_peak * source.continuum_jy) * 1e3,
        "continuum": source.continuum_jy * 1e3,
        "snr_peak": line_peak / noise_jy_beam,
    }
    if _noise_is_known(cube):
        assert cube.noise is not None
        grid = cube.grid
        plane = None if grid.square_cells else plane_at(grid, x=source.x, y=source.y)
        limit = limit_in(source, response, cube.noise, plane=plane)
        row |= limit_columns(limit, source.channel, row["line_flux"], cube.grid)
    turned = on_sky({name: np.asarray(value) for name, value in row.items()}, cube.grid)
    return row | {name: float(value) for name, value in turned.items()}


def _noise_is_known(cube: Cube) -> bool:
    """Whether the limits of a source follow from the cube: its noise was simulated."""
    noise = cube.noise
    known = noise is not None and isinstance(noise.power, White | DirtyBeam)
    return known and noise is not None and noise.sigma_jy_beam is not None
