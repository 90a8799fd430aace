"""What the finder saw: the highest signal-to-noise, what is left, and each source's line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.voxels import Voxels
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.samples import within
from deepfocus.finders.deepfocus.table import fitted
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.ops.crop import Window, crop

CUTOUT_BEAMS = 8.0


def panels_of(catalogue: Catalogue, cube: Cube, looked: Looked) -> tuple[Panel, ...]:
    """Images of the field, and of every row of the catalogue that was fitted."""
    first, residual = looked.found[0], looked.explained.residual
    left = np.zeros(residual.shape[1:])
    for plane, level in zip(residual, looked.noise.channel, strict=True):
        np.fmax(left, plane / level, out=left)
    return (
        ImagePanel(
            "Highest signal-to-noise over channels, widths and sizes",
            _on_pixels(first.highest, first.step, cube.data.shape[1:]),
            "standard deviations",
        ),
        ImagePanel(
            "Highest voxel that the sources leave",
            left,
            "standard deviations",
        ),
        *_of_sources(catalogue.where(fitted(catalogue)), cube, residual),
    )


def _of_sources(catalogue: Catalogue, cube: Cube, residual: Voxels) -> Iterator[Panel]:
    beam_px = cube.beam_px or 6.0
    for i in range(len(catalogue)):
        number = int(catalogue["id"][i])
        x, y = float(catalogue["x"][i]), float(catalogue["y"][i])
        low, high = (float(catalogue[name][i]) for name in ("channel_lo", "channel_hi"))
        measured, left = (_over_box(data, catalogue, i) for data in (cube.data, residual))
        yield SpectrumPanel(
            number,
            measured=Trace("mean over its box", measured, "Jy/beam"),
            model=Trace("model", measured - left, "Jy/beam"),
        )
        line = slice(max(int(np.floor(low)), 0), max(int(np.ceil(high)) + 1, 1))
        window = Window(x, y, 2 * int(CUTOUT_BEAMS * beam_px / 2) + 1)
        for title, data in (("summed over its line", cube.data), ("what is left", residual)):
            yield CutoutPanel(
                number,
                title=title,
                image=_summed(data, line, window),
                x0=window.x0,
                y0=window.y0,
                unit="Jy/beam x channels",
            )


def _summed(data: Voxels, line: slice, window: Window) -> np.ndarray:
    """(size, size) sum over channels of a window, 0 outside the image and where it is blank."""
    ny, nx = data.shape[1:]
    rows, columns = (
        slice(min(max(first, 0), n - 1), max(min(first + window.size, n), 1))
        for first, n in ((window.y0, ny), (window.x0, nx))
    )
    here = Window(window.x - columns.start, window.y - rows.start, window.size)
    summed: np.ndarray = crop(data[line, rows, columns], here).sum(axis=0)
    return summed


def _over_box(data: Voxels, catalogue: Catalogue, i: int) -> np.ndarray:
    """(chan,) mean spectrum over the box of a row; NaN where it is blank."""
    rows, columns = (
        within(float(catalogue[f"box_{axis}0"][i]), float(catalogue[f"box_{axis}1"][i]), n)
        for axis, n in (("y", data.shape[1]), ("x", data.shape[2]))
    )
    inside = data[:, rows, columns].reshape(len(data), -1)
    known = np.isfinite(inside)
    total = np.where(known, inside, 0.0).sum(axis=1)
    mean: np.ndarray = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return mean


def _on_pixels(nodes: np.ndarray, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """(y, x) from every `step`-th pixel."""
    repeated = np.repeat(np.repeat(nodes, step, axis=0), step, axis=1)
    image: np.ndarray = repeated[: shape[0], : shape[1]]
    return image
