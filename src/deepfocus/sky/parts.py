"""Separable parts of a source, turned so that the first is its brightest channel map."""

from __future__ import annotations

import numpy as np


def onto_first_axis(vector: np.ndarray) -> np.ndarray:
    """Orthogonal matrix (n, n) that maps `vector` onto the first axis (Householder)."""
    n = len(vector)
    target = np.zeros(n)
    target[0] = -np.copysign(np.linalg.norm(vector), vector[0])
    normal = vector - target
    length = np.linalg.norm(normal)
    if length == 0:
        return np.eye(n)
    normal /= length
    return np.eye(n) - 2 * np.outer(normal, normal)


def first_of_unit_peak(images: np.ndarray, spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images (part, y, x) and spectra (part, chan), scaled so that the first image has peak 1."""
    peak = float(np.abs(images[0]).max())
    if peak == 0:
        return images.astype(np.float32), spectra
    sign = np.sign(images[0].flat[np.abs(images[0]).argmax()])
    return (images / (sign * peak)).astype(np.float32), spectra * (sign * peak)
