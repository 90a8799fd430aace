"""What is left around a bright source, where only the sidelobes of its beam reach.

All channels of its line are summed with the weights of its spectrum, which leaves one image, in
units of the source's own flux. In it, points within the source and its main lobe are left out, and
so is whatever some more or less flux there would look like: a source of any shape, up to the size
that it has, explains that. What then stands out of the noise, the stated beam does not explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

from deepfocus.core.voxels import Voxels
from deepfocus.finders.deepfocus.correlated import autocorrelation_of
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.fit.image import spectrum_of
from deepfocus.fit.spectra import Sampled
from deepfocus.ops.peaks import smooth
from deepfocus.search.noise_map import NoiseMap

INNER, OUTER_BEAMS = 1.5, 8.0
"""Radii of the ring: the first in FWHM of what the beam makes of the source."""
POINTS_A_BEAM, MOST_ACROSS = 2, 30
"""Of its points, along a FWHM of the beam, and altogether from side to side."""
COPIES, APART = 2, 0.4
"""Of the beam, to each side of the source, so many such FWHM apart, that stand for its shape."""
TOLD_APART = 1e-3
"""Of the strongest combination of copies: what is weaker is no shape of its own."""
OTHERS = 0.3
"""Of its signal-to-noise: around brighter sources than that no point is taken."""
SHINES = 1e-3
"""Of the highest weight of a channel."""
STANDS_OUT, MOST_PEAKS = 5.0, 30
"""Standard deviations of a point that may have a source of its own on it, and of how many."""
BESIDE_POINT = 1 / 3
"""Of the distance between points: a source may lie between them."""
MOST = 3
"""Sources that are asked, the brightest."""
FEWEST_POINTS = 100
"""Of a ring, beside what its source may explain."""


@dataclass(frozen=True)
class Bright:
    """A source and its signal-to-noise ratio."""

    source: SourceFit
    snr: float


@dataclass(frozen=True, eq=False)
class Ring:
    """What is left around a source, of its flux, without what its own shape may explain.

    dy, dx : (n,) pixels from the source; left : (n,)
    shape : (n, k) orthonormal, what flux within the source looks like
    covariance : (n, n) of the noise, before anything was left out
    beam : spline coefficients (y, x) of the beam, as wide as it makes the source
    """

    dy: np.ndarray
    dx: np.ndarray
    left: np.ndarray
    shape: np.ndarray
    covariance: np.ndarray
    beam: np.ndarray

    def beam_at(self, scale: float = 1.0) -> np.ndarray:
        """(n,) the beam `scale` times as wide."""
        return _at(self.beam, self.dy / scale, self.dx / scale)

    def without_shape(self, values: np.ndarray) -> np.ndarray:
        """(n,) values without what flux within the source would explain of them."""
        return _without(values, self.shape)

    def without_peaks(self) -> np.ndarray:
        """(n,) `left` without what sources on the points that stand out explain of all of it.

        Of several other sources little is left then; of what a wrong beam leaves, most.
        """
        left, peaks = self.left, np.empty((len(self.left), 0))
        noise = np.sqrt(np.diag(self.covariance))
        for _ in range(MOST_PEAKS):
            at = int(np.argmax(left / noise))
            if left[at] < STANDS_OUT * noise[at]:
                break
            near = np.stack(list(self._sources_near(at)), axis=1)
            best = np.argmax(left @ near / np.linalg.norm(near, axis=0))
            peaks = np.column_stack([peaks, near[:, best]])
            left = self.left - peaks @ np.linalg.lstsq(peaks, self.left)[0]
        return left

    def _sources_near(self, at: int) -> Iterator[np.ndarray]:
        """(n,) each, of one source as large as this one, on a point and about it."""
        apart = min(np.diff(np.unique(each)).min(initial=np.inf) for each in (self.dy, self.dx))
        beside = BESIDE_POINT * float(apart)
        for up, right in product((-beside, 0.0, beside), repeat=2):
            to_y, to_x = self.dy[at] + up, self.dx[at] + right
            yield self.without_shape(_at(self.beam, self.dy - to_y, self.dx - to_x))

    @property
    def power_of_noise(self) -> tuple[float, float]:
        """Sum of squares that noise leaves in it, and its standard deviation."""
        shape, covariance = self.shape, self.covariance
        seen = covariance @ shape
        left = covariance - seen @ shape.T - shape @ seen.T + shape @ (shape.T @ seen) @ shape.T
        return float(np.trace(left)), float(np.sqrt(2 * np.sum(left**2)))


def rings_around(
    sources: Sequence[Bright], least_snr: float, sight: Sight, residual: Voxels, noise: NoiseMap
) -> list[tuple[Bright, Ring]]:
    """The brightest sources, from a signal-to-noise on, with their rings, where there is room."""
    brightest = sorted(sources, key=lambda each: -each.snr)
    return [
        (bright, ring)
        for bright in brightest[:MOST]
        if bright.snr >= least_snr
        and (ring := ring_around(bright, brightest, sight, residual, noise)) is not None
    ]


def ring_around(
    bright: Bright, others: Sequence[Bright], sight: Sight, residual: Voxels, noise: NoiseMap
) -> Ring | None:
    """The ring around a source; None where the known beam or the image leaves too little of it."""
    source = bright.source
    x, y = source.value("x"), source.value("y")
    spread = _spread(source, sight)
    beam = _beam_of(source, sight)
    reach = min(OUTER_BEAMS * sight.beam_px, min(beam.shape) // 2 - COPIES * APART * spread - 2)
    rows, columns = (
        _samples(at, reach, n, sight.beam_px)
        for at, n in zip((y, x), sight.data.shape[1:], strict=True)
    )
    if reach <= INNER * spread or not (len(rows) and len(columns)):
        return None
    seen = _weighted(residual, rows, columns, source, noise, sight)
    dy, dx = (each.ravel() for each in np.meshgrid(rows - y, columns - x, indexing="ij"))
    apart = np.hypot(dy, dx)
    used = (apart > INNER * spread) & (apart < reach) & np.isfinite(seen.image.ravel())
    for other in others:
        if other is not bright and other.snr > OTHERS * bright.snr:
            to_y, to_x = other.source.value("y") - y, other.source.value("x") - x
            used &= np.hypot(dy - to_y, dx - to_x) > INNER * _spread(other.source, sight)
            # where the sidelobes of another are not known, they are left
            known_y, known_x = (n // 2 - 1 for n in sight.sidelobes.beam.shape)
            used &= (np.abs(dy - to_y) < known_y) & (np.abs(dx - to_x) < known_x)
    dy, dx = dy[used], dx[used]
    point = spline_filter(beam)
    steps = APART * spread * np.arange(-COPIES, COPIES + 1)
    copies = np.stack([_at(point, dy - up, dx - right) for up in steps for right in steps], axis=1)
    if len(dy) < FEWEST_POINTS + copies.shape[1]:
        return None
    shape, strength, _ = np.linalg.svd(copies, full_matrices=False)
    shape = shape[:, strength > TOLD_APART * strength[0]]
    wide = smooth(beam, _size_px(source))
    return Ring(
        dy=dy,
        dx=dx,
        left=_without(seen.image.ravel()[used], shape),
        shape=shape,
        covariance=_correlations(dy, dx, sight) * seen.noise**2,
        beam=spline_filter(wide),
    )


@dataclass(frozen=True, eq=False)
class _Weighted:
    """A residual summed over channels, of the source's flux; noise : its standard deviation."""

    image: np.ndarray
    noise: float


def _weighted(
    residual: Voxels,
    rows: np.ndarray,
    columns: np.ndarray,
    source: SourceFit,
    noise: NoiseMap,
    sight: Sight,
) -> _Weighted:
    """At rows and columns; NaN where a channel of the line is blank."""
    x, y = source.value("x"), source.value("y")
    sigma = noise.at(x=x, y=y)
    known = np.where(noise.searched, sigma, np.inf)
    seen = sight.response.seen_at(**source.place)
    spectrum = _spectrum(source, len(sigma)) * seen
    weights = spectrum / known**2
    lit = np.flatnonzero(np.abs(weights) > SHINES * np.abs(weights).max())
    weights, by = weights[lit], float(weights[lit] @ spectrum[lit])
    image = np.zeros((len(rows), len(columns)))
    for channel, weight in zip(lit.tolist(), weights.tolist(), strict=True):
        plane = residual[channel, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        image += weight * plane[np.ix_(rows - rows[0], columns - columns[0])]
    each = weights * sigma[lit]
    lags = np.abs(lit[:, None] - lit)
    between = noise.between_channels
    correlation = np.where(lags < len(between), between[np.minimum(lags, len(between) - 1)], 0.0)
    return _Weighted(image / by, float(np.sqrt(max(each @ correlation @ each, 0.0))) / by)


def _spectrum(source: SourceFit, channels: int) -> np.ndarray:
    """(chan,) Jy of all components."""
    profiles = source.profiles or (Sampled(),) * len(source.components)
    each = (
        spectrum_of(row, profile, channels)
        for row, profile in zip(source.components, profiles, strict=True)
    )
    summed: np.ndarray = np.sum(list(each), axis=0)
    return summed


def _beam_of(source: SourceFit, sight: Sight) -> np.ndarray:
    """(y, x) dirty beam at its line, as far as needed, peak at [ny // 2, nx // 2]."""
    reach = int((OUTER_BEAMS + 1) * sight.beam_px + COPIES * APART * _spread(source, sight)) + 2
    return sight.response.dirty_beam_at(source.value("channel"), reach=reach)


def _spread(source: SourceFit, sight: Sight) -> float:
    """FWHM of what the beam makes of a source at its longest, px."""
    ellipse = source.ellipse
    return float(np.hypot(sight.beam_px, max(ellipse.fwhm_x_px, ellipse.fwhm_y_px)))


def _size_px(source: SourceFit) -> float:
    """Geometric mean of its FWHM."""
    ellipse = source.ellipse
    return float(np.sqrt(ellipse.fwhm_x_px * ellipse.fwhm_y_px))


def _samples(at: float, reach: float, n: int, beam_px: float) -> np.ndarray:
    """Rows or columns of an image around a place."""
    step = max(1, int(beam_px / POINTS_A_BEAM), int(np.ceil(2 * reach / MOST_ACROSS)))
    return np.arange(max(0, int(np.ceil(at - reach))), min(n, int(at + reach) + 1), step)


def _correlations(dy: np.ndarray, dx: np.ndarray, sight: Sight) -> np.ndarray:
    """(n, n) of the noise between points."""
    lags = [np.rint(each[:, None] - each).astype(int) for each in (dy, dx)]
    farthest = max(int(np.abs(lag).max()) for lag in lags)
    known = autocorrelation_of(sight.power, sight.response, farthest)
    reach = len(known) // 2
    y, x = (np.clip(lag, -reach, reach) + reach for lag in lags)
    inside = (np.abs(lags[0]) <= reach) & (np.abs(lags[1]) <= reach)
    correlations: np.ndarray = np.where(inside, known[y, x], 0.0)
    return correlations


def _without(values: np.ndarray, shape: np.ndarray) -> np.ndarray:
    left: np.ndarray = values - shape @ (shape.T @ values)
    return left


def _at(coefficients: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
    y, x = (n // 2 for n in coefficients.shape)
    values: np.ndarray = map_coordinates(
        coefficients, np.stack([dy + y, dx + x]), order=3, prefilter=False
    )
    return values
