"""Simulated sources for a real cube: through its own beam, primary beam and grid.

A source is an elliptical Gaussian with one Gaussian line, with or without continuum. What the
telescope makes of it is (sky x primary beam) convolved with the dirty beam, as in a simulated
cube; the noise, the artefacts and the sources of the cube stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import distance_transform_edt

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import GAUSSIAN_AREA, Source
from deepfocus.forward.ideal import ideal_snr
from deepfocus.forward.noise import noise_level
from deepfocus.forward.response import Response, response_of
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.simulation.truth import place_and_shape

Range = tuple[float, float]
TRIES = 10_000
"""Draws of a position and channel before a cube counts as having no room."""


@dataclass(frozen=True)
class Injection:
    """What is added to a cube. Ranges are drawn from uniformly, `snr` log-uniformly.

    number : sources
    snr : peak of the line in one channel over the cube's noise, after beam and primary beam
    ideal_snr : in place of snr, the whole line's signal-to-noise for an ideal observer, who knows
        its template (forward.ideal); of cubes whose noise is known
    size_beams : major and minor FWHM over the geometric mean FWHM of the beam
    line_fwhm_chan : line FWHM, channels; cut at a quarter of the band
    with_continuum : share of the sources that have a continuum, flat over the band
    continuum_over_line : flux density of that continuum over the line's peak
    primary_beam_above : sources lie where the response is at least this
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
    """cube : with the sources; added : (chan, y, x) the sources alone, Jy/beam; truth : of them;
    noise_jy_beam : what was measured in the original."""

    cube: Cube
    added: np.ndarray
    truth: Catalogue
    sources: tuple[Source, ...]
    noise_jy_beam: float

    def __repr__(self) -> str:
        return f"{self.cube!r}\nInjected: {self.truth!r}"


def inject(cube: Cube, injection: Injection, seed: int) -> Injected:
    """Add `injection.number` sources; the same seed gives the same sources.

    Raises `DeepFocusError` for a cube without beam, noise, or room for a source, and for one
    that was corrected for its primary beam.
    """
    _refuse_corrected(cube)
    response = response_of(cube)
    noise = noise_level(cube)
    if noise <= 0:
        raise DeepFocusError(
            "the cube has no noise: its channels do not differ",
            wanted="a cube with noise, to which a signal-to-noise ratio refers",
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


def _refuse_corrected(cube: Cube) -> None:
    name = str(cube.meta.get("name", ""))
    if name.endswith("pbcor"):
        raise DeepFocusError(
            f"{name} is corrected for the primary beam, by its name",
            wanted="the image before that correction, where the noise is the same all over",
            remedy="give the .image of the same imaging run",
        )


def allowed_places(cube: Cube, *, primary_beam_above: float, margin_px: float) -> np.ndarray:
    """(place, 2) pixels (y, x) with data, inside that level of the mid-band primary beam.

    margin_px : least distance from pixels without data and from the image's edge, where a source
        would be cut; in images without such places it does not count
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
            wanted="a region to put sources in",
            remedy="give a cube that covers the field's centre",
        )
    return places


def render(sources: list[Source], response: Response) -> np.ndarray:
    """(chan, y, x) float32: the noise-free sum of the sources, Jy/beam."""
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
    """One row a source, the columns of a simulated truth: fluxes are before the primary beam."""
    rows = [_row(source, response, cube, noise_jy_beam) for source in sources]
    return catalogue_of_rows(rows)


def _draw(
    cube: Cube,
    response: Response,
    injection: Injection,
    places: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Source, float]:
    """A source of a line flux density of 1 Jy, and its target SNR."""
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
    source = Source(
        x=float(x),
        y=float(y),
        fwhm_x_px=float(fwhm_x),
        fwhm_y_px=float(fwhm_y),
        pa=pa,
        channel=channel,
        fwhm_chan=fwhm_chan,
        line_jy=1.0,
        continuum_jy=continuum if rng.uniform() < injection.with_continuum else 0.0,
    )
    return source, float(np.exp(rng.uniform(*np.log(injection.ideal_snr or injection.snr))))


def _scaled(source: Source, response: Response, peak_jy_beam: float) -> Source:
    """The source at the flux at which its line alone peaks at `peak_jy_beam` in the cube."""
    channel, unit_peak = _brightest(source, response)
    at_peak = unit_peak * source.line(response.interpolation.shape[1])[channel]
    factor = peak_jy_beam / at_peak
    return replace(
        source, line_jy=source.line_jy * factor, continuum_jy=source.continuum_jy * factor
    )


def _at_ideal_snr(source: Source, response: Response, cube: Cube, snr: float) -> Source:
    """The source at the flux at which an ideal observer sees its line so high."""
    if cube.noise is None:
        raise DeepFocusError(
            "the noise of the cube is not known",
            wanted="a simulated cube, to whose noise an ideal signal-to-noise refers",
            remedy="give snr, the peak in one channel, in place of ideal_snr",
        )
    factor = snr / ideal_snr(source, response, cube.noise)
    return replace(
        source, line_jy=source.line_jy * factor, continuum_jy=source.continuum_jy * factor
    )


def _brightest(source: Source, response: Response) -> tuple[int, float]:
    """The channel of the line's peak, and the source's peak there for 1 Jy, Jy/beam."""
    channel = int(np.argmax(source.line(response.interpolation.shape[1])))
    plane = np.tensordot(response.interpolation[:, channel], response.of_source(source), axes=1)
    return channel, float(plane.max())


def _row(source: Source, response: Response, cube: Cube, noise_jy_beam: float) -> dict[str, float]:
    channel, unit_peak = _brightest(source, response)
    line_peak = unit_peak * source.line_jy * source.line(len(cube.data))[channel]
    row = place_and_shape(source, cube.grid)
    return row | {
        "line_flux": source.line_jy * row["line_fwhm"] * GAUSSIAN_AREA,
        "peak": (line_peak + unit_peak * source.continuum_jy) * 1e3,
        "continuum": source.continuum_jy * 1e3,
        "snr_peak": line_peak / noise_jy_beam,
    }
