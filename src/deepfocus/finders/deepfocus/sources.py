"""Sources, each one component or several, with the numbers of a catalogue and their errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.explaining import LEAST_SADDLE_MOVING
from deepfocus.fit.grouping import LEAST_SADDLE, grouped
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CXY,
    CYY,
    FLUX,
    GX,
    GY,
    SIGMA,
    SIZES,
    SLOPE,
    X,
    Y,
    covariance_of,
    ellipse_of,
    tilt,
)
from deepfocus.forward.deformations import GaussianShape, axes

AT_HALF = 0.5
SAMPLES = 20
"""Of the narrowest line's standard deviation, where a profile of several lines is drawn."""
SUMMARY = ("x", "y", "cxx", "cyy", "cxy", "channel", "fwhm_chan", "flux", "continuum")
MANY = 5
"""Still components that touch, from which on they show how one source moves."""


@dataclass(frozen=True, eq=False)
class SourceFit:
    """A source: the summary of its components, and the covariance of that.

    components : (n, 12), the brightest first; summary, covariance : in the order of `SUMMARY`
    gain : chi^2 that its lines gain
    freedom : how many numbers were fitted
    """

    components: np.ndarray
    summary: np.ndarray
    covariance: np.ndarray
    gain: float
    freedom: int

    def value(self, name: str) -> float:
        """A number of the summary."""
        return float(self.summary[SUMMARY.index(name)])

    def error(self, name: str) -> float:
        """Its standard deviation; NaN where the data do not tell."""
        i = SUMMARY.index(name)
        variance = self.covariance[i, i]
        return float(np.sqrt(variance)) if variance > 0 else float("nan")

    @property
    def moves(self) -> bool:
        """Whether a line of it is elsewhere in each channel."""
        return bool(np.any(self.components[:, [GX, GY]]))

    @property
    def ellipse(self) -> Ellipse:
        """Deconvolved; sizes that noise made negative are 0."""
        return ellipse_of(self.summary[[0, 1, 2, 3, 4]])

    @property
    def shape_errors(self) -> tuple[float, float, float]:
        """Of FWHM x, FWHM y (pixels) and pa (degrees); NaN where undefined.

        A size is the root of what is measured, which noise may make negative: its error is half of
        the interval between the roots of one standard deviation more and one less.
        """
        of_sizes = self.covariance[2:5, 2:5]
        if np.linalg.eigvalsh(of_sizes)[0] < 0:  # a kernel of a cut-off beam has negative power
            return float("nan"), float("nan"), float("nan")
        ellipse = self.ellipse
        x_err, y_err = (
            _error_of_root(fwhm_px, along, of_sizes)
            for fwhm_px, along in zip(
                (ellipse.fwhm_x_px, ellipse.fwhm_y_px), axes(ellipse), strict=True
            )
        )
        return x_err, y_err, GaussianShape(ellipse).spread(of_sizes)[2]


def _error_of_root(fwhm_px: float, along: np.ndarray, covariance: np.ndarray) -> float:
    """Standard deviation of a FWHM in a direction, from that of the sizes xx, yy and xy."""
    weights = np.array([along[0] ** 2, along[1] ** 2, 2 * along[0] * along[1]])
    deviation = FWHM_PER_SIGMA**2 * float(np.sqrt(weights @ covariance @ weights))
    low, high = max(fwhm_px**2 - deviation, 0.0), fwhm_px**2 + deviation
    return float(np.sqrt(high) - np.sqrt(low)) / 2


def sources_of(explained: Explained, beam_px: float) -> Iterator[SourceFit]:
    """Components grouped where their own model has no deep saddle between them."""
    components, free = explained.components, explained.free
    if not len(components):
        return
    chan, ny, nx = explained.residual.shape
    still, moving = (
        grouped(
            components,
            beam_sigma_px=beam_px / FWHM_PER_SIGMA,
            shape=(chan, ny, nx),
            least_saddle=least,
        ).source
        for least in (LEAST_SADDLE, LEAST_SADDLE_MOVING)
    )
    # a line that the last fit turned into absorption is none
    shining = components[:, FLUX] > 0
    source = _joined_if_moving(still, moving, np.any(free[:, [GX, GY]], axis=1))
    for number in np.unique(source[shining]):
        members = np.flatnonzero(shining & (source == number))
        if _are_two(free[members]):
            yield from (_source(explained, members[[i]]) for i in range(2))
        else:
            yield _source(explained, members)


def _joined_if_moving(still: np.ndarray, moving: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """(n,) the source of each: groups over low saddles, where any moves or many stand for that."""
    source = still.copy()
    for number in np.unique(moving):
        members = moving == number
        if moves[members].any() or np.count_nonzero(members) >= MANY:
            source[members] = source[members].min()
    return source


def _are_two(free: np.ndarray) -> bool:
    """Whether components that touch are two sources: two Gaussians that stay in place explain all.

    A galaxy at the same signal-to-noise moves, or takes more of them.
    """
    return len(free) == 2 and not free[:, [GX, GY]].any()


def _source(explained: Explained, members: np.ndarray) -> SourceFit:
    order = members[np.argsort(-explained.components[members, FLUX])]
    components, channels = explained.components[order], len(explained.residual)
    jacobian = _jacobian(components, channels)
    covariance = jacobian @ _covariance(explained, order) @ jacobian.T
    gain = np.concatenate([each.gain for each in explained.fits])
    return SourceFit(
        components=components,
        summary=summary_of(components, channels),
        covariance=covariance,
        gain=float(gain[order].sum()),
        freedom=int(np.count_nonzero(explained.free[order])),
    )


def _covariance(explained: Explained, members: np.ndarray) -> np.ndarray:
    """(12 n, 12 n) of components; those of different fits are taken to be independent."""
    covariance = np.zeros((len(members), COUNT, len(members), COUNT))
    first = 0
    for each in explained.fits:
        at = np.flatnonzero((members >= first) & (members < first + len(each.values)))
        own = members[at] - first
        covariance[at[:, None], :, at] = each.covariance[own[:, None], :, own]
        first += len(each.values)
    return np.nan_to_num(covariance.reshape(members.size * COUNT, -1))


def summary_of(components: np.ndarray, channels: int) -> np.ndarray:
    """(9,) position, size, line and flux of components (n, 12) taken as one source.

    Position and size are the moments of its line's image; the line's centre and width are those of
    its spectrum at half of its peak.
    """
    if len(components) == 1 and not np.any(components[0, [GX, GY]]):
        row = components[0]
        fwhm = FWHM_PER_SIGMA * row[SIGMA]
        continuum = _continuum_at(components, row[CHANNEL], channels)
        return np.array([*row[[X, Y, *SIZES, CHANNEL]], fwhm, row[FLUX], continuum])
    weights = components[:, FLUX] / components[:, FLUX].sum()
    centre = weights @ components[:, [X, Y]]
    gradient = components[:, [GX, GY]] * components[:, [SIGMA]]
    apart = components[:, [X, Y]] - centre
    matrix = np.einsum("n,nij->ij", weights, covariance_of(components))
    matrix += np.einsum("n,ni,nj->ij", weights, gradient, gradient)
    matrix += np.einsum("n,ni,nj->ij", weights, apart, apart)
    channel, fwhm = _half_width(components)
    flux, continuum = components[:, FLUX].sum(), _continuum_at(components, channel, channels)
    sizes = matrix[0, 0], matrix[1, 1], matrix[0, 1]
    return np.array([*centre, *sizes, channel, fwhm, flux, continuum])


def _continuum_at(components: np.ndarray, channel: float, channels: int) -> float:
    at = tilt(np.array([channel]), channels)[0]
    return float(np.sum(components[:, CONTINUUM] + at * components[:, SLOPE]))


def _half_width(components: np.ndarray) -> tuple[float, float]:
    """Centre and width of the spectrum at half of its peak, channels."""
    centre, sigma = components[:, CHANNEL], components[:, SIGMA]
    low, high = (centre - 2 * sigma).min(), (centre + 2 * sigma).max()
    at = np.linspace(low, high, max(int(SAMPLES * (high - low) / sigma.min()), SAMPLES))
    offset = (at[:, None] - centre) / sigma
    spectrum = np.exp(-0.5 * offset**2) @ (components[:, FLUX] / sigma)
    half = AT_HALF * spectrum.max()
    above = np.flatnonzero(spectrum >= half)
    ends = [_crossing(at, spectrum, half, int(above[k]), step) for k, step in ((0, -1), (-1, 1))]
    return (ends[0] + ends[1]) / 2, ends[1] - ends[0]


def _crossing(at: np.ndarray, spectrum: np.ndarray, level: float, i: int, step: int) -> float:
    j = i + step
    if not 0 <= j < len(at):
        return float(at[i])
    share = (spectrum[i] - level) / (spectrum[i] - spectrum[j])
    return float(at[i] + share * (at[j] - at[i]))


def _jacobian(components: np.ndarray, channels: int) -> np.ndarray:
    """(9, 12 n) derivatives of the summary, by central differences."""
    scale = np.abs(components) + _typical(components)
    columns = []
    for index in np.ndindex(components.shape):
        step = 1e-4 * scale[index]
        ends = []
        for sign in (1, -1):
            moved = components.copy()
            moved[index] += sign * step
            ends.append(summary_of(moved, channels))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.array(columns).T


def _typical(components: np.ndarray) -> np.ndarray:
    """(12,) what a parameter near 0 may change by."""
    typical = np.ones(components.shape[1])
    typical[[FLUX, CONTINUUM, SLOPE]] = np.abs(components[:, FLUX]).max()
    typical[[GX, GY]] = 0.1
    typical[[CXX, CYY, CXY]] = 1.0
    return typical
