"""Chi^2 of components in a patch, its gradient, and the information about the parameters.

chi^2 is that of the components less that of none: m'A B m - 2 m'A d, over sigma^2. Far from any
line channels hold nothing but a straight continuum, so a few bins stand for them. Where no line's
centre moves, a product of two templates is one on the sky times one of spectra; where one does, it
is summed over channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.fit.moving import Lines, data_products, information, products, terms_of
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    SPATIAL,
    X,
    Y,
    covariance_of,
    tilt,
)
from deepfocus.fit.patch import Problem
from deepfocus.fit.spectra import window

TOTAL, BY_CHANNEL, BY_SIGMA, UNIT_LINE, UNIT, MOVED_LINE, TILT = range(7)
"""Spectra of a component: all of it, its line's derivatives, its line of unit flux, 1, its line
times the distance from its centre in channels, and a straight line through the middle of the band.
"""
IMAGE_OF = [1, 2, 3, 4, 5, 0, 0, 0, 0, 1, 2, 0]
SPECTRUM_OF = [
    *([TOTAL] * SPATIAL), BY_CHANNEL, BY_SIGMA, UNIT_LINE, UNIT, MOVED_LINE, MOVED_LINE, TILT,
]  # fmt: skip
"""Each parameter's derivative is one image times one spectrum: itself (0), or its change."""


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
    if not np.any(values[:, GRADIENT]):
        images = images_of(problem, values, np.zeros((len(values), 1)))[:, 0]
        return _separable(_products(images, np.repeat(problem.noise, 2)), band)
    terms = terms_of(problem, values, _lines(values, band))
    return information(terms, products(problem, terms, problem.noise), band.weights)


def templates_of(problem: Problem, values: np.ndarray) -> np.ndarray:
    """(n, cell) complex transforms of the components' images, each of unit flux."""
    images: np.ndarray = images_of(problem, values, np.zeros((len(values), 1)))[:, 0, 0]
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
            moved = images_of(problem, row[None], offsets)[0, :, 0]
            model[near] += profile[near, None] * moved
        else:
            model[near] += np.outer(profile[near], image)
    scored: np.ndarray = model * np.repeat(problem.model, 2)
    return scored


def without(problem: Problem, values: np.ndarray) -> Problem:
    """The problem of what components (n, 12) leave of the data."""
    return replace(problem, score=problem.score - model_score(problem, values))


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
    images = images_of(problem, values, np.zeros((len(values), 1)))[:, 0]
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
    lines = _lines(values, band)
    terms = terms_of(problem, values, lines)
    grams = products(problem, terms, problem.model)
    data = data_products(problem, terms, band.score)
    weighted = terms.model * band.weights[:, None, None]
    seen = np.einsum("ijmabcd,jmcd->imab", grams, terms.model)
    chi2 = float(np.sum(weighted * (seen - 2 * data)))
    left = (data - seen) * band.weights[:, None, None]
    gradient = np.einsum("nmpab,nmab->np", terms.parts, left)
    return Normal(chi2, gradient, information(terms, grams, band.weights))


def _lines(values: np.ndarray, band: _Band) -> Lines:
    continuum = _continuum(values, band.tilt)
    return Lines(
        offsets=band.offsets,
        line=band.spectra[:, TOTAL] - continuum,
        by_channel=band.spectra[:, BY_CHANNEL],
        by_sigma=band.spectra[:, BY_SIGMA],
        unit=band.spectra[:, UNIT_LINE],
        continuum=continuum,
        tilt=band.tilt,
    )


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


def images_of(problem: Problem, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
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
