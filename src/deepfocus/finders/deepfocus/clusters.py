"""Components that are fitted together, and the state of an explanation of a cube by components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.fit.grow import Needed, fit_starts, grow
from deepfocus.fit.image import add_model
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, X, Y
from deepfocus.fit.patch import Problem, patch_problem
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import Integrated, Sampled
from deepfocus.search.noise_map import NoiseMap

NEIGHBOURS_BEAMS = 2.5
"""Components are fitted together up to this distance, in FWHM of what the beam makes of them."""
MARGIN_BEAMS = 0.5
"""Of a patch around its components, beside one standard deviation of their sizes."""
NOT_ALONE = 0.7
"""Of a component's threshold: a residual with a higher square asks for more than one Gaussian."""
SLOPE_SNR = 20.0
"""Of a continuum: a spectral index of 3 over a tenth of the band's frequency is 0.15 of it."""
MODEL_ERROR = 0.015
"""Of a source's signal-to-noise: what its model may be wrong by."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A cube as components and what they leave.

    fits : one for each cluster of components; residual : (chan, y, x)
    """

    fits: tuple[Fit, ...]
    residual: np.ndarray

    @property
    def components(self) -> np.ndarray:
        """(n, 12) of all clusters, in their order."""
        return np.concatenate([np.empty((0, COUNT)), *(each.values for each in self.fits)])


def with_starts(
    explained: Explained, starts: np.ndarray, sight: Sight, noise: NoiseMap, needed: Needed
) -> Explained:
    """The cube explained anew, with more components; clusters without a new one stay."""
    residual = explained.residual.copy()
    known = explained.components
    fit_of = np.repeat(np.arange(len(explained.fits)), [len(f.values) for f in explained.fits])
    together = np.concatenate([known, starts])
    fits: list[Fit] = []
    for members in clusters_of(together, sight.beam_px):
        old, new = members[members < len(known)], members[members >= len(known)]
        before = [explained.fits[number] for number in np.unique(fit_of[old])]
        if not len(new) and len(before) == 1:
            fits += before
            continue
        add_model(residual, known[old], sight.response, sign=1.0)
        fitted = _fitted(residual, together[members], sight, noise, needed)
        if _subtracted(residual, fitted, sight):
            fits.append(fitted)
        else:
            add_model(residual, known[old], sight.response, sign=-1.0)
            fits += before
    return Explained(tuple(each for each in fits if len(each.values)), residual)


def _subtracted(residual: np.ndarray, fitted: Fit, sight: Sight) -> bool:
    """Subtract a cluster's model in place, unless that leaves more around it than there was.

    The beam's power is known but for what lies beyond the image of the beam. Where it is negative,
    a fit may run away.
    """
    if not len(fitted.values):
        return True
    reach = int(2 * sight.beam_px)
    rows, columns = (
        slice(max(part.start - reach, 0), part.stop + reach)
        for part in (fitted.problem.rows, fitted.problem.columns)
    )
    around = residual[:, rows, columns]
    before = _power(around)
    add_model(residual, fitted.values, sight.response, sign=-1.0)
    if _power(around) <= before:
        return True
    add_model(residual, fitted.values, sight.response, sign=1.0)
    return False


def _power(data: np.ndarray) -> float:
    values = np.nan_to_num(data)
    return float(np.vdot(values, values))


def refitted(explained: Explained, sight: Sight, noise: NoiseMap) -> Explained:
    """Every cluster once more, the others' final models subtracted: sidelobes reach far."""
    residual = explained.residual.copy()
    fits: list[Fit] = []
    for before in explained.fits:
        add_model(residual, before.values, sight.response, sign=1.0)
        profile = before.problem.profile
        problem = replace(_problem(residual, before.values, sight, noise), profile=profile)
        again = fit_free(problem, before.values, before.free, signed_sizes=True)
        if not _subtracted(residual, again, sight):
            again = before
            add_model(residual, before.values, sight.response, sign=-1.0)
        fits.append(again)
    return Explained(tuple(fits), residual)


def clusters_of(components: np.ndarray, beam_px: float) -> Iterator[np.ndarray]:
    """Indices of components (n, 12) that lie near each other on the sky, the brightest first."""
    n = len(components)
    if not n:
        return
    reach = NEIGHBOURS_BEAMS / 2 * np.hypot(beam_px, _fwhm(components))
    places = components[:, [X, Y]]
    pairs = cKDTree(places).query_pairs(2 * float(reach.max()), output_type="ndarray")
    apart = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    near = pairs[apart < reach[pairs[:, 0]] + reach[pairs[:, 1]]]
    links = coo_array((np.ones(len(near)), near.T), shape=(n, n))
    _, number = connected_components(links, directed=False)
    brightness = np.nan_to_num(components[:, FLUX], nan=np.inf)
    groups = [np.flatnonzero(number == i) for i in range(number.max() + 1)]
    yield from sorted(groups, key=lambda members: -float(brightness[members].max()))


def _fitted(
    data: np.ndarray, starts: np.ndarray, sight: Sight, noise: NoiseMap, needed: Needed
) -> Fit:
    """One Gaussian for each start if that is enough; else more of them, still or moving."""
    problem = _problem(data, starts, sight, noise)
    simple = _better(
        fit_starts(replace(problem, profile=profile), starts, needed)
        for profile in (Integrated(), Sampled())
    )
    slopes = _bright_continuum(simple)
    if slopes:
        simple = fit_starts(simple.problem, simple.values, needed, slopes=True)
    needed = _near(simple, needed)
    if simple.residual_peak**2 < NOT_ALONE * needed.added:
        return simple
    still = grow(simple.problem, simple.values, needed, slopes=slopes)
    if len(still.values) <= len(simple.values):
        return still
    moving = fit_starts(simple.problem, simple.values, needed, gradients=True, slopes=slopes)
    return min(still, moving, key=lambda each: each.chi2 + needed.added * len(each.values))


def _bright_continuum(fitted: Fit) -> bool:
    """Whether a continuum is known so well that its slope over the band matters."""
    return _continuum_snr(fitted) > SLOPE_SNR


def _continuum_snr(fitted: Fit) -> float:
    """Signal-to-noise of the brightest continuum; 0 without any."""
    if not len(fitted.values):
        return 0.0
    variance = np.einsum("nini->ni", fitted.covariance)[:, CONTINUUM]
    known = variance > 0
    snr = np.abs(fitted.values[:, CONTINUUM]) / np.sqrt(np.where(known, variance, np.inf))
    return float(snr.max())


def _better(fits: Iterable[Fit]) -> Fit:
    """How channels see a line, integrated or sampled, is what the data say."""
    return min(fits, key=lambda each: each.chi2)


def _near(fitted: Fit, needed: Needed) -> Needed:
    """Near a bright source, its model's own errors are not to be mistaken for more sources."""
    line = float(np.sqrt(max(fitted.gain.max(initial=0.0), 0.0)))
    brightest = max(line, _continuum_snr(fitted))
    return Needed(needed.kept, max(needed.added, (MODEL_ERROR * brightest) ** 2))


def _problem(data: np.ndarray, starts: np.ndarray, sight: Sight, noise: NoiseMap) -> Problem:
    """The patch around components."""
    reach = MARGIN_BEAMS * sight.beam_px + _fwhm(starts) / FWHM_PER_SIGMA
    low = np.floor((starts[:, [Y, X]] - reach[:, None]).min(axis=0)).astype(int)
    high = np.ceil((starts[:, [Y, X]] + reach[:, None]).max(axis=0)).astype(int) + 1
    box = (int(low[0]), int(high[0]), int(low[1]), int(high[1]))
    y, x = starts[:, [Y, X]].mean(axis=0)
    channel = float(np.clip(starts[0, CHANNEL], 0, len(data) - 1))
    return patch_problem(
        data, noise.at(x=x, y=y), sight.response, sight.power, box=box, channel=round(channel)
    )


def _fwhm(components: np.ndarray) -> np.ndarray:
    squared = np.maximum(components[:, [CXX, CYY]].max(axis=1), 0.0)
    fwhm: np.ndarray = FWHM_PER_SIGMA * np.sqrt(squared)
    return fwhm
