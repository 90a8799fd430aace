"""Normal equations where a line's centre moves: sums over channels of products of images.

A component is two terms: its line, which is elsewhere in every channel, and its continuum. All
images and their changes are one Gaussian each times a power of u and v, so the product of two of
them depends on the channel through their displacement alone: few sums over the uv cells serve for
all parameters. Terms that stay in place, as all continua do, are the same image in all channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.fit.nodes import nodes_for
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    SPATIAL,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.patch import Problem

ORDERS = np.array([(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)])
"""Powers of u and v in the transform of an image, and of its changes by x, y, cxx, cyy, cxy."""
FACTORS = np.array(
    [1, -2j * np.pi, -2j * np.pi, -2 * np.pi**2, -2 * np.pi**2, -4 * np.pi**2], complex
)
U_AND_V = tuple(np.moveaxis(ORDERS[:, None] + ORDERS, -1, 0))
"""(6, 6) powers of u and of v in products of two of them."""
PRODUCT = np.conj(FACTORS)[:, None] * FACTORS[None, :]
TURN = 2 * np.pi
DARK = 23.0
"""Exponent of a Gaussian in the uv plane from which on nothing is left of it."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Spectra of components in the channels that a sum runs over; the last may be bins.

    offsets : (n, m) channels from each line's centre
    line, by_channel, by_sigma, unit : (n, m) line, its derivatives, and the line of unit flux
    continuum : (n, m); tilt : (m,) place in the band, -1 to 1
    """

    offsets: np.ndarray
    line: np.ndarray
    by_channel: np.ndarray
    by_sigma: np.ndarray
    unit: np.ndarray
    continuum: np.ndarray
    tilt: np.ndarray


@dataclass(frozen=True, eq=False)
class _Term:
    """Gaussians as the cube shows them in m channels, or in one that stands for all.

    shines : (some channels,) in which there is anything
    centre : (m, 2); covariance : (2, 2)
    chain : (m, 6, 6) the image of unit flux and its changes by place and size on the sky, in those
        by place and size in the cube
    """

    shines: np.ndarray
    centre: np.ndarray
    covariance: np.ndarray
    chain: np.ndarray

    def places(self, channels: np.ndarray) -> np.ndarray:
        """(some channels or 1, 2) centres."""
        return self.centre if len(self.centre) == 1 else self.centre[channels]


@dataclass(frozen=True, eq=False)
class Terms:
    """All terms of components, and how the model and its derivatives are made of them.

    of : lines first, then continua
    still : (s,) those of them that shine and stay in place; images : (s, 6, 2 cell) transforms of
        their images of unit flux, and of the changes of these
    parts : (n, m, 12, 2, 6) derivatives by parameter in images of line and continuum
    model : (n, m, 2, 6) the model itself in them
    """

    of: tuple[_Term, ...]
    still: np.ndarray
    images: np.ndarray
    parts: np.ndarray
    model: np.ndarray


def terms_of(problem: Problem, values: np.ndarray, lines: Lines) -> Terms:
    """The terms of components (n, 12)."""
    n, m = lines.offsets.shape
    moving = [
        _term(problem, row, offsets, np.flatnonzero(unit))
        for row, offsets, unit in zip(values, lines.offsets, lines.unit, strict=True)
    ]
    still = [
        _term(problem, row, np.zeros(1), np.arange(m if row[[CONTINUUM, SLOPE]].any() else 0))
        for row in values
    ]
    parts = np.zeros((n, m, COUNT, 2, 6))
    model = np.zeros((n, m, 2, 6))
    for i, row in enumerate(values):
        chain, chain_still = moving[i].chain, still[i].chain
        line, continuum = lines.line[i, :, None], lines.continuum[i, :, None]
        parts[i, :, :SPATIAL, 0] = line[..., None] * chain[:, 1:]
        parts[i, :, :SPATIAL, 1] = continuum[..., None] * chain_still[:, 1:]
        drift = np.einsum("g,mgj->mj", row[GRADIENT], chain[:, 1:3])
        parts[i, :, CHANNEL, 0] = lines.by_channel[i, :, None] * chain[:, 0] - line * drift
        parts[i, :, SIGMA, 0] = lines.by_sigma[i, :, None] * chain[:, 0]
        parts[i, :, FLUX, 0] = lines.unit[i, :, None] * chain[:, 0]
        parts[i, :, CONTINUUM, 1] = chain_still[:, 0]
        parts[i, :, SLOPE, 1] = lines.tilt[:, None] * chain_still[:, 0]
        moved = (lines.line[i] * lines.offsets[i])[:, None, None]
        parts[i, :, GRADIENT, 0] = (moved * chain[:, 1:3]).swapaxes(0, 1)
        model[i, :, 0] = line * chain[:, 0]
        model[i, :, 1] = continuum * chain_still[:, 0]
    of = (*moving, *still)
    stays = np.flatnonzero([len(each.shines) > 0 and len(each.centre) == 1 for each in of])
    return Terms(of, stays, _images(problem, [of[a] for a in stays]), parts, model)


def _images(problem: Problem, still: Sequence[_Term]) -> np.ndarray:
    """(s, 6, 2 cell) transforms of images of unit flux, as the cube shows them, and their changes.

    By place and size in the cube, real and imaginary parts.
    """
    u, v = problem.u, problem.v
    centres = np.array([each.centre[0] for each in still]).reshape(-1, 2)
    sizes = np.array([[c[0, 0], c[1, 1], 2 * c[0, 1]] for c in (each.covariance for each in still)])
    light = np.exp(-2 * np.pi**2 * sizes.reshape(-1, 3) @ np.stack([u * u, v * v, u * v]))
    transforms = problem.grid.waves(-centres, np.arange(len(u))) * light
    changes = FACTORS[:, None] * np.stack([u**a * v**b for a, b in ORDERS])
    return np.asarray((transforms[:, None] * changes).view(float))


def products(problem: Problem, terms: Terms, power: np.ndarray) -> np.ndarray:
    """(n, n, m, 2, 6, 2, 6) products of all images of two components, with a power (cell,)."""
    n, m = terms.model.shape[:2]
    grams = np.zeros((n, n, m, 2, 6, 2, 6))
    sums = _sums_over(problem, power)
    flat = terms.images.reshape(-1, 2 * len(power))
    of_still = ((flat * np.repeat(power, 2)) @ flat.T).reshape(*terms.images.shape[:2] * 2)
    at = {a: place for place, a in enumerate(terms.still)}
    there = [a for a in range(2 * n) if len(terms.of[a].shines)]
    for place, a in enumerate(there):
        for b in there[place:]:
            both = np.intersect1d(terms.of[a].shines, terms.of[b].shines, assume_unique=True)
            if not len(both):
                continue
            if a in at and b in at:
                gram = of_still[at[a], :, at[b]]
            else:
                gram = _gram(terms.of[a], terms.of[b], both, sums)
            (ka, i), (kb, j) = divmod(a, n), divmod(b, n)
            grams[i, j, both, ka, :, kb] = gram
            grams[j, i, both, kb, :, ka] = gram.swapaxes(-2, -1)
    return grams


def information(terms: Terms, grams: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(12 n, 12 n) of the derivatives."""
    n, m = terms.model.shape[:2]
    flat = terms.parts.reshape(n, m, COUNT, 12)
    total = np.zeros((n, COUNT, n, COUNT))
    for i in range(n):
        left = flat[i] * weights[:, None, None]
        for j in range(i, n):
            right = np.matmul(grams[i, j].reshape(m, 12, 12), flat[j].swapaxes(1, 2))
            block = np.tensordot(left, right, axes=((0, 2), (0, 1)))
            total[i, :, j] = block
            total[j, :, i] = block.T
    return total.reshape(n * COUNT, n * COUNT)


def data_products(problem: Problem, terms: Terms, score: np.ndarray) -> np.ndarray:
    """(n, m, 2, 6) products of all images with the data's score (m, 2 cell)."""
    n, m = terms.model.shape[:2]
    out = np.zeros((n, m, 2, 6))
    of_still = score @ terms.images.reshape(-1, score.shape[1]).T
    for place, index in enumerate(terms.still):
        (kind, i), shines = divmod(index, n), terms.of[index].shines
        out[i, shines, kind] = of_still[shines, 6 * place : 6 * place + 6]
    grid = problem.grid
    seen = grid.spread(score.view(complex), np.arange(len(problem.u)))
    for index in np.setdiff1d(np.arange(2 * n), terms.still):
        (kind, i), term = divmod(index, n), terms.of[index]
        cells, light = _lit(problem.u, problem.v, term.covariance)
        places = term.places(term.shines)
        sums = grid.sums_of_each(seen[term.shines], grid.spread(light, cells), places)
        out[i, term.shines, kind] = np.real(np.conj(FACTORS) * sums[:, *ORDERS.T])
    return out


def _term(problem: Problem, row: np.ndarray, offsets: np.ndarray, shines: np.ndarray) -> _Term:
    place = row[[X, Y]] + offsets[:, None] * row[GRADIENT]
    if not np.any(row[GRADIENT]):
        place = place[:1]
    covariance = covariance_of(row[None])
    seen = problem.attenuation.of(place, np.repeat(covariance, len(place), axis=0))
    chain = np.zeros((len(place), 6, 6))
    chain[:, 0, 0] = 1.0
    chain[:, 1:, 0] = seen.log_factor_by
    chain[:, 1:, 1:3] = seen.centre_by
    by = seen.covariance_by
    chain[:, 1:, 3:] = np.stack([by[..., 0, 0], by[..., 1, 1], by[..., 0, 1]], axis=-1)
    chain *= np.exp(seen.log_factor)[:, None, None]
    # the primary beam's curvature does not change along a line
    middle = int(np.argmin(np.abs(offsets[: len(place)])))
    return _Term(shines, seen.centre, seen.covariance[middle], chain)


Sums = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _sums_over(problem: Problem, power: np.ndarray) -> Sums:
    """From displacements (m, 2) and the sum of two covariances to (m, 5, 5) complex sums.

    Of waves times powers of u and v, or (1, 5, 5) where nothing is displaced.
    """

    def sums(displacement: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        cells, light = _lit(problem.u, problem.v, covariance)
        of_cells = power[cells] * light
        if not np.any(displacement):
            displacement = displacement[:1]
        highest = np.array([np.abs(each[cells]).max(initial=0) for each in (problem.u, problem.v)])
        few = nodes_for(len(displacement), float(TURN * highest @ np.ptp(displacement, axis=0)))
        if few is None:
            return problem.grid.sums(of_cells, cells, displacement)
        there = problem.grid.sums(of_cells, cells, displacement[few.channels])
        return np.tensordot(few.between, there, axes=1)

    return sums


def _gram(one: _Term, other: _Term, channels: np.ndarray, sums: Sums) -> np.ndarray:
    """(some channels or 1, 6, 6) products of the images of two terms."""
    displacement = one.places(channels) - other.places(channels)
    summed = sums(displacement, one.covariance + other.covariance)
    gram: np.ndarray = np.real(PRODUCT * summed[:, *U_AND_V])
    return gram


def _lit(u: np.ndarray, v: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells where a Gaussian has light, and how much."""
    (cxx, cxy), (_, cyy) = covariance
    exponent = 2 * np.pi**2 * (cxx * u * u + cyy * v * v + 2 * cxy * u * v)
    cells = np.flatnonzero(exponent < DARK)
    return cells, np.exp(-exponent[cells])
