"""Run a network of a fixed input size on an image or a band of any size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BATCH = 4
"""Tiles per call of the network."""


def tile_starts(n: int, tile: int, overlap: int) -> list[int]:
    """First pixels of the fewest tiles that cover `n` pixels and overlap by at least `overlap`."""
    if n <= tile:
        return [0]
    count = int(np.ceil((n - overlap) / (tile - overlap)))
    return [round(start) for start in np.linspace(0, n - tile, count)]


def tile_weight(tile: int, overlap: int) -> np.ndarray:
    """(tile, tile) weights: 1 inside, with a cosine taper over `overlap` to nearly 0 at the
    edges, where the network lacks the surroundings."""
    distance = np.minimum(np.arange(tile) + 0.5, tile - np.arange(tile) - 0.5)
    ramp = np.clip(distance / max(overlap, 1), 0.0, 1.0)
    edge = np.maximum(0.5 - 0.5 * np.cos(np.pi * ramp), 1e-3)
    return np.outer(edge, edge)


def run_in_tiles(
    run: Callable[[np.ndarray], np.ndarray], image: np.ndarray, *, tile: int, overlap: int
) -> np.ndarray:
    """Apply `run`, (b, 1, tile, tile) -> the same shape, to `image` (y, x) of any size.

    An image smaller than a tile is padded with zeros on all sides. Overlapping outputs are
    averaged with weights that fade towards the tiles' edges.
    """
    ny, nx = image.shape
    pad_y, pad_x = max(tile - ny, 0), max(tile - nx, 0)
    before = (pad_y // 2, pad_x // 2)
    padded = np.pad(image, ((before[0], pad_y - before[0]), (before[1], pad_x - before[1])))
    corners = [
        (y, x)
        for y in tile_starts(padded.shape[0], tile, overlap)
        for x in tile_starts(padded.shape[1], tile, overlap)
    ]
    weight = tile_weight(tile, overlap)
    total, weights = np.zeros(padded.shape), np.zeros(padded.shape)
    for first in range(0, len(corners), BATCH):
        part = corners[first : first + BATCH]
        inputs = np.stack([padded[y : y + tile, x : x + tile] for y, x in part])
        outputs = run(inputs[:, None].astype(np.float32))[:, 0]
        for (y, x), output in zip(part, outputs, strict=True):
            total[y : y + tile, x : x + tile] += weight * output
            weights[y : y + tile, x : x + tile] += weight
    blended = total / weights
    return blended[before[0] : before[0] + ny, before[1] : before[1] + nx].astype(np.float32)


def run_in_windows(
    run: Callable[[np.ndarray], np.ndarray], spectra: np.ndarray, length: int | None
) -> np.ndarray:
    """Apply `run`, (b, length) -> the same shape, to spectra (b, chan) of any length.

    length : what `run` takes, None for any. A shorter band is padded with zeros, the mean level.
    A longer one is split into windows that overlap by half. The higher of two outputs is kept,
    because a line cut by one window's edge is complete in the other.
    """
    n = spectra.shape[1]
    if length is None or length == n:
        return run(spectra)
    if n < length:
        return run(np.pad(spectra, ((0, 0), (0, length - n))))[:, :n]
    count = int(np.ceil((n - length) / (length / 2))) + 1
    out = np.zeros_like(spectra)
    for start in np.linspace(0, n - length, count).round().astype(int):
        window = slice(start, start + length)
        out[:, window] = np.maximum(out[:, window], run(spectra[:, window]))
    return out
