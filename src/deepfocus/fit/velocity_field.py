"""Whether one velocity field explains components that touch, or some of them are another galaxy.

A thin disc has one velocity at each place, so that in position and channel its light is a sheet: a
plane where it turns like a solid body, and level where its rotation curve is flat. Another galaxy
in front of it or beside it lies off that sheet, or is thick where the sheet is thin. No saddle
tells them apart, for the flank of a bright galaxy is as bright as a faint neighbour's peak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from deepfocus.fit.parameters import CHANNEL, CXX, CXY, CYY, FLUX, GX, GY, SIGMA, X, Y

OFF = 3.0
"""Thicknesses of a sheet that each component of another galaxy lies off it: 3.4 and more for
galaxies that touch, 2.2 and less for some of the components of any part of a single one."""
BESIDE = 1.5
"""Standard deviations of the others' light on the sky: what is nearer to their middle may be that
of a steep rotation curve, whose whole width the beam shows there."""
LEVEL = 1.5
"""The same, beyond which a rotation curve may be level; of an even bar, 1.7 is the end."""
LEAST_SHARE, MOST_SHARE = 0.05, 0.4
"""Of the flux: what is fainter is the fit's own error, and what has nearly half of it may be the
other side of one disc, whose halves know nothing of each other's velocities; a side in one
component is as thin as the other."""
SHEET = 3
"""Components that show a sheet, off which a single brighter one may lie."""
MOST = 16
"""Components: all ways to divide them in two are looked at."""
TOUCHING = 2.5
"""Components touch if they are so many standard deviations of both and the beam apart."""
CHANNEL_VARIANCE = 1 / 12
"""Of the light within a channel."""


@dataclass(frozen=True, eq=False)
class _Light:
    """Sums over components of their flux, and of its first and second moments (x, y, channel).

    flux : (...,); first : (..., 3); second : (..., 3, 3)
    """

    flux: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """(..., 3) mean."""
        centre: np.ndarray = self.first / self.flux[..., None]
        return centre

    @property
    def covariance(self) -> np.ndarray:
        """(..., 3, 3)."""
        centre = self.centre
        mean = self.second / self.flux[..., None, None]
        covariance: np.ndarray = mean - centre[..., :, None] * centre[..., None, :]
        return covariance

    def of(self, groups: np.ndarray) -> _Light:
        """Of groups (m, n) of the n components."""
        return _Light(
            groups @ self.flux,
            groups @ self.first,
            np.tensordot(groups.astype(float), self.second, axes=1),
        )


def off_the_field(components: np.ndarray, *, beam_sigma_px: float) -> np.ndarray:
    """(n,) bool, components that are another galaxy than the rest, the larger part; or none.

    components : (n, 12) with positive fluxes, columns of fit.parameters
    beam_sigma_px : standard deviation of the beam

    Of all ways to divide them in two, that whose fainter part lies farthest off the sheet of the
    brighter one, if it holds together and all of it is off. A single line that is brighter than a
    disc beside it shows no sheet: it may lie off the disc's.
    """
    n = len(components)
    if not 2 <= n <= MOST:
        return np.zeros(n, bool)
    each = _light_of(components)
    touch = _touching(each, beam_sigma_px)
    parts, apart = _parts(each, beam_sigma_px)
    for i in np.argsort(-apart, kind="stable"):
        if apart[i] <= OFF:
            break
        part = parts[i]
        if _hold_together(touch[np.ix_(part, part)]) and _all_off(each, part, beam_sigma_px):
            chosen: np.ndarray = part
            return chosen
    return np.zeros(n, bool)


def _parts(each: _Light, beam_sigma_px: float) -> tuple[np.ndarray, np.ndarray]:
    """All parts (m, n) bool that are beside the rest, and how far off its sheet."""
    n, whole = len(each.flux), each.flux.sum()
    ways = ((np.arange(1, 2 ** (n - 1))[:, None] >> np.arange(n)) & 1).astype(bool)
    fainter = np.where((2 * (ways @ each.flux) > whole)[:, None], ~ways, ways)
    share = fainter @ each.flux / whole
    fainter = fainter[(share > LEAST_SHARE) & (share < MOST_SHARE)]
    bright = (each.flux >= MOST_SHARE * whole) & (n > SHEET)
    parts = np.concatenate([fainter, np.eye(n, dtype=bool)[bright]])
    off, beside = _off(each.of(~parts), each.of(parts), beam_sigma_px)
    kept = beside > BESIDE
    return parts[kept], off[kept]


def _all_off(each: _Light, part: np.ndarray, beam_sigma_px: float) -> bool:
    """Whether each component of a part lies off the sheet of the rest."""
    n = len(part)
    rest = np.repeat(~part[None], np.count_nonzero(part), axis=0)
    off, _ = _off(each.of(rest), each.of(np.eye(n, dtype=bool)[part]), beam_sigma_px)
    return bool(np.all(off > OFF))


def _light_of(components: np.ndarray) -> _Light:
    """Each component as its flux and moments."""
    variance, motion = components[:, SIGMA] ** 2, components[:, [GX, GY]]
    places = components[:, [X, Y, CHANNEL]]
    second = places[:, :, None] * places[:, None, :]
    for i, j, column in ((0, 0, CXX), (1, 1, CYY), (0, 1, CXY), (1, 0, CXY)):
        second[:, i, j] += components[:, column]
    second[:, :2, :2] += variance[:, None, None] * motion[:, :, None] * motion[:, None]
    along = variance[:, None] * motion
    second[:, :2, 2] += along
    second[:, 2, :2] += along
    second[:, 2, 2] += variance + CHANNEL_VARIANCE
    flux = components[:, FLUX]
    return _Light(flux, flux[:, None] * places, flux[:, None, None] * second)


def _off(sheet: _Light, other: _Light, beam_sigma_px: float) -> tuple[np.ndarray, np.ndarray]:
    """(m,) root mean square distance of other light from a sheet, in thicknesses of it.

    And its distance on the sky, in standard deviations of the sheet's own light there.
    """
    covariance, spread = sheet.covariance, other.covariance
    # a size that noise made negative has no direction
    sky = covariance[:, :2, :2] + CHANNEL_VARIANCE * np.eye(2)
    slope = np.linalg.solve(sky, covariance[:, :2, 2, None])[..., 0]
    explained = np.einsum("mi,mi->m", slope, covariance[:, :2, 2])
    thickness = np.maximum(covariance[:, 2, 2] - explained, CHANNEL_VARIANCE)
    to = other.centre - sheet.centre
    seen = sky + beam_sigma_px**2 * np.eye(2)
    away = np.linalg.solve(seen, to[:, :2, None])[..., 0]
    beside = np.sqrt(np.maximum(np.einsum("mi,mi->m", to[:, :2], away), 0.0))
    rising = np.einsum("mi,mi->m", slope, to[:, :2])
    level = rising * np.minimum(1.0, LEVEL / np.maximum(beside, LEVEL))
    low, high = np.minimum(rising, level), np.maximum(rising, level)
    shifted = np.maximum(0.0, np.maximum(low - to[:, 2], to[:, 2] - high))
    # along the slope, or level as beyond the end of a rotation curve
    sloped = (
        spread[:, 2, 2]
        - 2 * np.einsum("mi,mi->m", slope, spread[:, :2, 2])
        + np.einsum("mi,mij,mj->m", slope, spread[:, :2, :2], slope)
    )
    squared = (shifted**2 + np.minimum(sloped, spread[:, 2, 2])) / thickness
    return np.sqrt(np.maximum(squared, 0.0)), beside


def _touching(each: _Light, beam_sigma_px: float) -> np.ndarray:
    """(n, n) bool, whether two components lie within reach of each other."""
    n = len(each.flux)
    seen = each.covariance + np.diag([beam_sigma_px**2, beam_sigma_px**2, 0.0])
    apart = each.centre[:, None] - each.centre[None]
    both = seen[:, None] + seen[None]
    squared = np.einsum("nmi,nmi->nm", apart, np.linalg.solve(both, apart[..., None])[..., 0])
    touch: np.ndarray = (squared < TOUCHING**2) | np.eye(n, dtype=bool)
    return touch


def _hold_together(touch: np.ndarray) -> bool:
    number, _ = connected_components(touch, directed=False)
    return bool(number == 1)
