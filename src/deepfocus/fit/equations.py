"""Chi^2 of components in a patch, its gradient, and the information about the parameters.

chi^2 is that of the components less that of none: m'A B m - 2 m'A d, over sigma^2. Far from any
line channels hold nothing but a straight continuum, so a few bins stand for them. Where no line's
centre moves, a product of two templates is one on the sky times one of spectra; where one does, it
is summed over channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.fit.parameters import (
    BRIGHTNESS,
    CHANNEL,
    CONTINUUM,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    X,
    Y,
    covariance_of,
    tilt,
)
from deepfocus.fit.patch import Problem
from deepfocus.fit.spectra import window

SPATIAL = 5
"""Parameters of place and shape, the first in a row."""
TOTAL, BY_CHANNEL, BY_SIGMA, UNIT_LINE, UNIT, MOVED_LINE, TILT = range(7)
"""Spectra of a component: all of it, its line's derivatives, its line of unit flux, 1, its line
times the distance from its centre in channels, and a straight line through the middle of the band.
"""
IMAGE_OF = [1, 2, 3, 4, 5, 0, 0, 0, 0, 1, 2, 0]
SPECTRUM_OF = [
    *([TOTAL] * SPATIAL), BY_CHANNEL, BY_SIGMA, UNIT_LINE, UNIT, MOVED_LINE, MOVED_LINE, TILT,
]  # fmt: skip
"""Each parameter's derivative is one image times one spectrum: itself (0), or its change."""
BLOCK_BYTES = 2**24


@dataclass(frozen=True, eq=False)
class Normal:
    """chi2; gradient : (n, 12) -d chi2 / 2; information : (12 n, 12 n) J'A B J / sigma^2."""

    chi2: float
    gradient: np.ndarray
    information: np.ndarray


@dataclass(frozen=True, eq=False)
class _Band:
    """The channels with lines, and bins of all others.

    offsets : (n, m) channels from each line's centre, 0 in bins; weights : (m,)
    score : (m, 2 cell); spectra : (n, 7, m); tilt : (m,) place in the band, -1 to 1
    """

    offsets: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    spectra: np.ndarray
    tilt: np.ndarray


def normal_equations(problem: Problem, values: np.ndarray) -> Normal:
    """The equations at components (n, 12)."""
    band = _band(problem, values)
    if np.any(values[:, GRADIENT]):
        return _moving(problem, values, band)
    return _still(problem, values, band)


def score_covariance(problem: Problem, values: np.ndarray) -> np.ndarray:
    """(12 n, 12 n) J'A^2 N J / sigma^2: the covariance of the gradient in the noise."""
    band = _band(problem, values)
    power = np.repeat(problem.noise, 2)
    if not np.any(values[:, GRADIENT]):
        images = _images(problem, values, np.zeros((len(values), 1)))[:, 0]
        return _separable(_products(images, power), band)
    total = np.zeros((values.size, values.size))
    for part, templates in _blocks(problem, values, band):
        rows = _rows(templates * np.sqrt(part.weights)[:, None, None, None])
        total += (rows * np.tile(power, len(part.weights))) @ rows.T
    return total


def templates_of(problem: Problem, values: np.ndarray) -> np.ndarray:
    """(n, cell) complex transforms of the components' images, each of unit flux."""
    images: np.ndarray = _images(problem, values, np.zeros((len(values), 1)))[:, 0, 0]
    return images.view(complex)


def model_score(problem: Problem, values: np.ndarray) -> np.ndarray:
    """(chan, 2 cell) A B m of components, without the noise's level."""
    channels = np.arange(problem.channels)
    line = problem.profile.of(channels, centre=values[:, CHANNEL], sigma=values[:, SIGMA])[0]
    still = templates_of(problem, values).view(float)
    model = _continuum(values, tilt(channels, problem.channels)).T @ still
    for row, image, profile in zip(values, still, line * values[:, [FLUX]], strict=True):
        near = window(row[CHANNEL], row[SIGMA], problem.channels)
        if np.any(row[GRADIENT]):
            offsets = (channels[near] - row[CHANNEL])[None]
            moved = _images(problem, row[None], offsets)[0, :, 0]
            model[near] += profile[near, None] * moved
        else:
            model[near] += np.outer(profile[near], image)
    scored: np.ndarray = model * np.repeat(problem.model, 2)
    return scored


def _band(problem: Problem, values: np.ndarray) -> _Band:
    shines = np.zeros(problem.channels, bool)
    for row in values:
        shines[window(row[CHANNEL], row[SIGMA], problem.channels)] = True
    near = np.flatnonzero(shines)
    bins = problem.bins.without(problem, near)
    profile, by_channel, by_sigma = problem.profile.of(
        near, centre=values[:, CHANNEL], sigma=values[:, SIGMA]
    )
    offsets = near - values[:, [CHANNEL]]
    flux = values[:, [FLUX]]
    lines = slice(0, len(near))
    spectra = np.zeros((len(values), 7, len(near) + len(bins.weights)))
    spectra[:, TOTAL, lines] = flux * profile
    spectra[:, BY_CHANNEL, lines] = flux * by_channel
    spectra[:, BY_SIGMA, lines] = flux * by_sigma
    spectra[:, UNIT_LINE, lines] = profile
    spectra[:, UNIT] = 1.0
    spectra[:, MOVED_LINE, lines] = flux * profile * offsets
    tilted = np.append(tilt(near, problem.channels), bins.tilt)
    spectra[:, TILT] = tilted
    spectra[:, TOTAL] += _continuum(values, tilted)
    return _Band(
        offsets=np.pad(offsets, ((0, 0), (0, len(bins.weights)))),
        weights=np.append(problem.weights[near], bins.weights),
        score=np.concatenate([problem.score[near], bins.score]),
        spectra=spectra,
        tilt=tilted,
    )


def _continuum(values: np.ndarray, tilts: np.ndarray) -> np.ndarray:
    """(n, m) continuum of components (n, 12) where the straight line of the band is `tilts`."""
    continuum: np.ndarray = values[:, [CONTINUUM]] + values[:, [SLOPE]] * tilts
    return continuum


def _still(problem: Problem, values: np.ndarray, band: _Band) -> Normal:
    images = _images(problem, values, np.zeros((len(values), 1)))[:, 0]
    gram = _products(images, np.repeat(problem.model, 2))
    information = _separable(gram, band)
    weighted = band.spectra * band.weights
    data = (images @ (band.score.T))[:, IMAGE_OF]
    by_data = np.einsum("npm,npm->np", data, weighted[:, SPECTRUM_OF])
    total = weighted[:, TOTAL]
    in_common = np.einsum("npm,qm->npq", weighted[:, SPECTRUM_OF], band.spectra[:, TOTAL])
    by_model = np.einsum("npq,npq->np", gram[:, :, :, 0][:, IMAGE_OF], in_common)
    of_model = np.sum(gram[:, 0, :, 0] * (total @ band.spectra[:, TOTAL].T))
    of_data = np.sum((images[:, 0] @ band.score.T) * total)
    return Normal(float(of_model - 2 * of_data), by_data - by_model, information)


def _moving(problem: Problem, values: np.ndarray, band: _Band) -> Normal:
    power = np.repeat(problem.model, 2)
    information = np.zeros((values.size, values.size))
    gradient = np.zeros(values.size)
    chi2 = 0.0
    for part, templates in _blocks(problem, values, band):
        weights = part.weights[:, None]
        model = np.einsum("na,mnac->mc", values[:, BRIGHTNESS], templates[:, :, BRIGHTNESS])
        seen = model * power
        chi2 += float(np.sum(weights * model * (seen - 2 * part.score)))
        rows = _rows(templates)
        gradient += rows @ (weights * (part.score - seen)).ravel()
        information += (rows * (weights * power).ravel()) @ rows.T
    return Normal(chi2, gradient.reshape(values.shape), information)


def _separable(gram: np.ndarray, band: _Band) -> np.ndarray:
    """(12 n, 12 n) products on the sky (n, 6, n, 6) times those of spectra."""
    spectra = band.spectra[:, SPECTRUM_OF]
    flat = spectra.reshape(spectra.shape[0] * spectra.shape[1], spectra.shape[-1])
    information: np.ndarray = gram[:, IMAGE_OF][:, :, :, IMAGE_OF].reshape(len(flat), len(flat)) * (
        (flat * band.weights) @ flat.T
    )
    return information


def _products(images: np.ndarray, power: np.ndarray) -> np.ndarray:
    """(n, 6, n, 6) products of images (n, 6, 2 cell)."""
    flat = images.reshape(images.shape[0] * images.shape[1], images.shape[-1])
    products: np.ndarray = ((flat * power) @ flat.T).reshape(images.shape[:2] * 2)
    return products


def _blocks(
    problem: Problem, values: np.ndarray, band: _Band
) -> Iterator[tuple[_Band, np.ndarray]]:
    """Some channels at a time, with the derivatives (m, n, 12, 2 cell) of the model in them."""
    still = _images(problem, values, np.zeros((len(values), 1)))[:, 0]
    step = max(1, BLOCK_BYTES // (values.size * still.shape[-1] * 8))
    for first in range(0, len(band.weights), step):
        part = slice(first, first + step)
        some = replace(
            band,
            offsets=band.offsets[:, part],
            weights=band.weights[part],
            score=band.score[part],
            spectra=band.spectra[:, :, part],
            tilt=band.tilt[part],
        )
        yield some, _templates(problem, values, some, still)


def _templates(problem: Problem, values: np.ndarray, band: _Band, still: np.ndarray) -> np.ndarray:
    moving = _images(problem, values, band.offsets).swapaxes(0, 1)
    spectra = np.moveaxis(band.spectra, 2, 0)[..., None]
    continuum = _continuum(values, band.tilt).T[:, :, None, None]
    line = spectra[:, :, [TOTAL]] - continuum
    out = np.zeros((*spectra.shape[:2], COUNT, still.shape[-1]))
    out[:, :, :SPATIAL] = line * moving[:, :, 1:] + continuum * still[:, 1:]
    drift = np.einsum("ng,mngc->mnc", values[:, GRADIENT], moving[:, :, 1:3])
    itself = moving[:, :, 0]
    out[:, :, CHANNEL] = spectra[:, :, BY_CHANNEL] * itself - line[:, :, 0] * drift
    out[:, :, SIGMA] = spectra[:, :, BY_SIGMA] * itself
    out[:, :, FLUX] = spectra[:, :, UNIT_LINE] * itself
    out[:, :, CONTINUUM] = still[:, 0]
    out[:, :, GRADIENT] = spectra[:, :, [MOVED_LINE]] * moving[:, :, 1:3]
    out[:, :, SLOPE] = spectra[:, :, TILT] * still[:, 0]
    return out


def _rows(templates: np.ndarray) -> np.ndarray:
    """(12 n, m 2 cell) of templates (m, n, 12, 2 cell)."""
    m, n, p, c = templates.shape
    return templates.reshape(m, n * p, c).swapaxes(0, 1).reshape(n * p, m * c)


def _images(problem: Problem, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(n, m, 6, 2 cell) transforms of images of unit flux, and their changes by place and shape.

    offsets : (n, m) channels from the line's centre: the image has moved so far along its gradient
    """
    n, m = offsets.shape
    place = values[:, None, [X, Y]] + offsets[..., None] * values[:, None, GRADIENT]
    covariance = np.repeat(covariance_of(values), m, axis=0)
    seen = problem.attenuation.of(place.reshape(-1, 2), covariance)
    u, v = problem.u, problem.v
    waves = np.stack([u, v])
    squares = np.stack([u * u, v * v, 2 * u * v])
    sizes = np.stack([seen.covariance[:, 0, 0], seen.covariance[:, 1, 1], seen.covariance[:, 0, 1]])
    exponent = -2 * np.pi**2 * (sizes.T @ squares) + seen.log_factor[:, None]
    itself = np.exp(exponent - 2j * np.pi * (seen.centre @ waves))
    by = seen.covariance_by
    by_sizes = np.stack([by[..., 0, 0], by[..., 1, 1], by[..., 0, 1]], axis=-1)
    change = -2 * np.pi**2 * (by_sizes @ squares) + seen.log_factor_by[..., None]
    change = change - 2j * np.pi * (seen.centre_by @ waves)
    images = np.concatenate([itself[:, None], change * itself[:, None]], axis=1)
    return images.view(float).reshape(n, m, 6, 2 * len(u))
