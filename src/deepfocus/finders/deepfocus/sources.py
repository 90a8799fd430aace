"""Sources, each one component or several, with the numbers of a catalogue and their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.mapped_ellipses import of_moments
from deepfocus.core.source import FIFTH_PER_HALF, FWHM_PER_SIGMA, Ellipse
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.membership import members_of
from deepfocus.finders.deepfocus.shapes import shape_errors
from deepfocus.fit.in_band import shown
from deepfocus.fit.line_spectra import LineSpectrum
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
from deepfocus.fit.places import same_place
from deepfocus.fit.spectra import Profile
from deepfocus.ops.line_widths import AT_FIFTH, AT_HALF, crossings

SAMPLES = 20
"""Of the narrowest line's standard deviation, where a profile of several lines is drawn."""
POLISHED = 4
"""Newton's steps from there, to the spectrum's own peak and crossings."""
DRAWN_SIGMA = 3.0
"""How far: beyond, no sum of lines is above 20% of its peak."""
SUMMARY = (
    "x", "y", "cxx", "cyy", "cxy", "channel", "fwhm_chan", "flux", "continuum",
    "w20_chan", "shift_x", "shift_y",
)  # fmt: skip
PLACE = [SUMMARY.index("x"), SUMMARY.index("y")]
SHAPE = [SUMMARY.index("cxx"), SUMMARY.index("cyy"), SUMMARY.index("cxy")]
CENTRE, CONTINUUM_AT = SUMMARY.index("channel"), SUMMARY.index("continuum")
SHIFT = [SUMMARY.index("shift_x"), SUMMARY.index("shift_y")]
RESOLVED = 2.0
"""Standard deviations of a squared size, from which on a source counts as resolved."""
LIMIT_95 = 1.645
"""Standard deviations that a Gaussian variable exceeds once in 20 times."""


@dataclass(frozen=True)
class Shift:
    """What a line's centre moves on the sky over its own FWHM; NaN if it does not.

    length_px : px; pa : where to with rising channel, degrees, north (+y) through east (-x)
    """

    length_px: float
    length_px_err: float
    pa: float
    pa_err: float


NO_SHIFT = Shift(*[float("nan")] * 4)


@dataclass(frozen=True, eq=False)
class SourceFit:
    """A source: the summary of its components, and the covariance of that.

    components : (n, 12), the brightest first; summary, covariance : in the order of `SUMMARY`
    gain : chi^2 that its lines gain
    freedom : how many numbers were fitted
    profiles : (n,) of the components' lines; `Sampled` unless given
    misfit : reduced chi^2 of its model, 1 where it explains the data
    spectrum : of its line, where that is one component that moves; its widths are those of that
    """

    components: np.ndarray
    summary: np.ndarray
    covariance: np.ndarray
    gain: float
    freedom: int
    profiles: tuple[Profile, ...] = ()
    misfit: float = 1.0
    spectrum: LineSpectrum | None = None

    @property
    def components_shown(self) -> np.ndarray:
        """(n, 12) with centres and widths as the channels show them."""
        return _shown(self.components, self.profiles) if self.profiles else self.components

    def value(self, name: str) -> float:
        """A number of the summary."""
        return float(self.summary[SUMMARY.index(name)])

    def error(self, name: str) -> float:
        """Its standard deviation; NaN where the data do not tell."""
        i = SUMMARY.index(name)
        variance = self.covariance[i, i]
        return float(np.sqrt(variance)) if variance > 0 else float("nan")

    @property
    def place(self) -> dict[str, float]:
        """x, y and channel of its centre."""
        return {name: self.value(name) for name in ("x", "y", "channel")}

    @property
    def moves(self) -> bool:
        """Whether a line of it is elsewhere in each channel."""
        return bool(np.any(self.components[:, [GX, GY]]))

    @property
    def is_a_galaxy(self) -> bool:
        """Whether it takes more than a Gaussian that stays in place."""
        return len(self.components) > 1 or self.moves

    @property
    def ellipse(self) -> Ellipse:
        """Deconvolved; sizes that noise made negative are 0."""
        return ellipse_of(self.summary[[0, 1, 2, 3, 4]])

    def mapped(self, plane: np.ndarray) -> SourceFit:
        """The source with shape, shift and all errors after a map (2, 2) of offsets from itself.

        Its place and its components stay.
        """
        summary, covariance = self.summary.copy(), self.covariance.copy()
        for at, matrix in ((PLACE, plane), (SHAPE, of_moments(plane)), (SHIFT, plane)):
            summary[at] = matrix @ summary[at]
            covariance[at] = matrix @ covariance[at]
            covariance[:, at] = covariance[:, at] @ matrix.T
        summary[PLACE] = self.summary[PLACE]
        return replace(self, summary=summary, covariance=covariance)

    @property
    def shape_errors(self) -> tuple[float, float, float]:
        """Of FWHM x, FWHM y (pixels) and pa (degrees); NaN where undefined."""
        return shape_errors(self.summary[2:5], self.covariance[2:5, 2:5])

    @property
    def size_limit_px(self) -> float:
        """FWHM that an unresolved source does not exceed with 95% confidence, along its major axis.

        NaN for a resolved one, and where the size has no error.
        """
        xx, yy, xy = self.summary[2:5]
        squares, directions = np.linalg.eigh([[xx, xy], [xy, yy]])
        variance = _variance_along(directions[:, 1], self.covariance[2:5, 2:5])
        if not variance > 0 or squares[1] > RESOLVED * np.sqrt(variance):
            return float("nan")
        most = max(squares[1], 0.0) + LIMIT_95 * np.sqrt(variance)
        return FWHM_PER_SIGMA * float(np.sqrt(most))

    def width_limit_chan(self, channels: int) -> float:
        """Channels over which its flux extends in an image of so many, with 95% confidence.

        A line that begins and ends in the band is no broader.
        """
        error = np.nan_to_num(self.error("fwhm_chan"))
        return float(np.clip(self.value("fwhm_chan") + LIMIT_95 * error, 1.0, channels))

    @property
    def shift(self) -> Shift:
        """What its line moves on the sky."""
        moved = self.summary[SHIFT]
        length = float(np.hypot(*moved))
        if not self.is_a_galaxy or not length > 0:
            return NO_SHIFT
        along = moved / length
        across = np.array([-along[1], along[0]])
        covariance = self.covariance[np.ix_(SHIFT, SHIFT)]
        length_err, across_err = (
            float(np.sqrt(variance)) if variance > 0 else float("nan")
            for variance in (each @ covariance @ each for each in (along, across))
        )
        pa = float(np.rad2deg(np.arctan2(-along[0], along[1])) % 360.0)
        return Shift(length, length_err, pa, float(np.rad2deg(across_err / length)))


def _variance_along(along: np.ndarray, covariance: np.ndarray) -> float:
    """Variance of the squared size in a direction (x, y), from that of the sizes xx, yy and xy."""
    weights = np.array([along[0] ** 2, along[1] ** 2, 2 * along[0] * along[1]])
    return float(weights @ covariance @ weights)


def sources_of(
    explained: Explained, beam_px: float, *, least_gain: float = -np.inf
) -> Iterator[SourceFit]:
    """The components, each source's together, of those that gain as much."""
    return (
        _source(explained, members, beam_px)
        for members in members_of(explained, beam_px)
        if not explained.gain[members].sum() < least_gain  # also where it is not known
    )


def _source(explained: Explained, members: np.ndarray, beam_px: float) -> SourceFit:
    order = members[np.argsort(-explained.components[members, FLUX])]
    components, channels = explained.components[order], len(explained.residual)
    profiles = [each.problem.profile for each in explained.fits for _ in each.values]
    own = tuple(profiles[i] for i in order)

    def summary(values: np.ndarray) -> np.ndarray:
        return summary_of(_shown(values, own), channels)

    jacobian = _jacobian(components, summary)
    covariance = jacobian @ _covariance(explained, order) @ jacobian.T
    stated = summary(components)
    shared = _shared_continuum(explained, order, stated[CENTRE], beam_px)
    if shared is not None:
        stated[CONTINUUM_AT], covariance[CONTINUUM_AT, CONTINUUM_AT] = shared
    return SourceFit(
        components=components,
        summary=stated,
        covariance=covariance,
        gain=float(explained.gain[order].sum()),
        freedom=int(np.count_nonzero(explained.free[order])),
        profiles=own,
        spectrum=explained.spectra[order[0]] if len(order) == 1 else None,
    )


def _shared_continuum(
    explained: Explained, members: np.ndarray, channel: float, beam_px: float
) -> tuple[float, float] | None:
    """The continuum of a line's place, and its variance; None for a source that has its own.

    One component has it where several lines, or a line and a continuum, lie at one place.
    """
    shines = explained.free[:, CONTINUUM]
    if shines[members].any():
        return None
    here = explained.components[members[:1]]
    hosts = np.flatnonzero(shines & same_place(explained.components, here, beam_px))
    if not len(hosts):
        return None
    at = tilt(np.array([channel]), len(explained.residual))[0]
    weights = np.zeros((len(hosts), COUNT))
    weights[:, CONTINUUM], weights[:, SLOPE] = 1.0, at
    variance = weights.ravel() @ _covariance(explained, hosts) @ weights.ravel()
    return float(np.sum(weights * explained.components[hosts])), float(variance)


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
    """(12,) position, size, line, flux and shift of components (n, 12) taken as one source.

    Position and size are the moments of its line's image; the line's centre and widths are those of
    its spectrum.
    """
    if len(components) == 1 and not np.any(components[0, [GX, GY]]):
        row = components[0]
        fwhm = FWHM_PER_SIGMA * row[SIGMA]
        continuum, w20 = _continuum_at(components, row[CHANNEL], channels), FIFTH_PER_HALF * fwhm
        of_line = row[CHANNEL], fwhm, row[FLUX], continuum, w20
        return np.array([*row[[X, Y, *SIZES]], *of_line, 0.0, 0.0])
    weights = components[:, FLUX] / components[:, FLUX].sum()
    centre = weights @ components[:, [X, Y]]
    gradient = components[:, [GX, GY]] * components[:, [SIGMA]]
    apart = components[:, [X, Y]] - centre
    matrix = np.einsum("n,nij->ij", weights, covariance_of(components))
    matrix += np.einsum("n,ni,nj->ij", weights, gradient, gradient)
    matrix += np.einsum("n,ni,nj->ij", weights, apart, apart)
    (channel, fwhm), (_, w20) = _widths(components)
    flux, continuum = components[:, FLUX].sum(), _continuum_at(components, channel, channels)
    sizes = matrix[0, 0], matrix[1, 1], matrix[0, 1]
    shift = fwhm * _motion(components, weights)
    return np.array([*centre, *sizes, channel, fwhm, flux, continuum, w20, *shift])


def _motion(components: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(x, y) px per channel that the line moves: its covariance with the channel, over that's."""
    variance = components[:, SIGMA] ** 2
    offset = components[:, CHANNEL] - weights @ components[:, CHANNEL]
    within = components[:, [GX, GY]] * variance[:, None]
    between = components[:, [X, Y]] * offset[:, None]
    motion: np.ndarray = weights @ (within + between) / (weights @ (variance + offset**2))
    return motion


def _continuum_at(components: np.ndarray, channel: float, channels: int) -> float:
    at = tilt(np.array([channel]), channels)[0]
    return float(np.sum(components[:, CONTINUUM] + at * components[:, SLOPE]))


def _widths(components: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Centre and width of the spectrum at half and at a fifth of its peak, channels.

    To the last digit, for what samples miss is not smooth, and errors are differences of widths.
    """
    centre, sigma = components[:, CHANNEL], components[:, SIGMA]
    low, high = (centre - DRAWN_SIGMA * sigma).min(), (centre + DRAWN_SIGMA * sigma).max()
    at = np.linspace(low, high, max(int(SAMPLES * (high - low) / sigma.min()), SAMPLES))
    spectrum, _, _ = _lines(components, at)
    highest = _highest(components, at[[np.argmax(spectrum)]])
    each = (
        _solved(
            components, np.array(crossings(at, spectrum, share)), share * highest, at[1] - at[0]
        )
        for share in (AT_HALF, AT_FIFTH)
    )
    return tuple((float(ends.mean()), float(ends[1] - ends[0])) for ends in each)


def _highest(components: np.ndarray, near: np.ndarray) -> float:
    """The spectrum at its peak, from a sample (1,) near by."""
    peak = near
    for _ in range(POLISHED):
        _, slope, bend = _lines(components, peak)
        peak = peak - np.where(bend < 0, slope / bend, 0.0)
    return float(_lines(components, peak)[0][0])


def _solved(components: np.ndarray, near: np.ndarray, level: float, step: float) -> np.ndarray:
    """(2,) where the spectrum crosses a level, from nearer than a step."""
    ends = near
    for _ in range(POLISHED):
        height, slope, _ = _lines(components, ends)
        ahead = (height - level) / np.where(slope == 0, np.inf, slope)
        ends = ends - np.clip(ahead, -step, step)
    return ends


def _lines(components: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
    """(n,) their spectrum, its slope and how that changes, but for a factor."""
    sigma = components[:, SIGMA]
    offset = (at[:, None] - components[:, CHANNEL]) / sigma
    each = np.exp(-0.5 * offset**2) * (components[:, FLUX] / sigma)
    slopes, bends = -offset / sigma, (offset**2 - 1) / sigma**2
    return each.sum(axis=1), (each * slopes).sum(axis=1), (each * bends).sum(axis=1)


def _shown(components: np.ndarray, profiles: Sequence[Profile]) -> np.ndarray:
    """The components (n, 12) as the channels show them, each in its own profile."""
    rows = zip(components, profiles, strict=True)
    return np.array([shown(row[None], profile)[0] for row, profile in rows])


def _jacobian(components: np.ndarray, summary: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(12, 12 n) derivatives of a summary, by central differences."""
    scale = np.abs(components) + _typical(components)
    columns = []
    for index in np.ndindex(components.shape):
        step = 1e-4 * scale[index]
        ends = []
        for sign in (1, -1):
            moved = components.copy()
            moved[index] += sign * step
            ends.append(summary(moved))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.array(columns).T


def _typical(components: np.ndarray) -> np.ndarray:
    """(12,) what a parameter near 0 may change by."""
    typical = np.ones(components.shape[1])
    typical[[FLUX, CONTINUUM, SLOPE]] = np.abs(components[:, FLUX]).max()
    typical[[GX, GY]] = 0.1
    typical[[CXX, CYY, CXY]] = 1.0
    return typical
