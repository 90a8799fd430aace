"""A beam at every lag between two pixels of an image, and what an image becomes through it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from deepfocus.core.channels import channels_of_planes
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.memory import require_memory
from deepfocus.core.node_weights import node_weights
from deepfocus.forward.response import beam_image

WORKING_BYTES_PER_PIXEL = 450
"""Memory in which a plane is cleaned, with transforms on twice the side: 380 at 1024 pixels."""


@dataclass(frozen=True, eq=False)
class LagBeam:
    """lags : (2 ny, 2 nx) for images (ny, nx), peak 1 at [ny, nx]; 0 where it is not known"""

    lags: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx) of the images."""
        rows, columns = self.lags.shape
        return rows // 2, columns // 2

    def about(self, y: int, x: int, rows: slice, columns: slice) -> np.ndarray:
        """Some rows and columns of the image of a source of 1 Jy at pixel (y, x), Jy/beam."""
        ny, nx = self.shape
        top, left = ny - y, nx - x
        return self.lags[
            top + rows.start : top + rows.stop, left + columns.start : left + columns.stop
        ]

    def through(self, model: np.ndarray) -> np.ndarray:
        """(ny, nx) Jy/beam, of a model in Jy/pixel: the sum of its pixels' beams, not a circular
        one, in double precision."""
        ny, nx = self.shape
        image: np.ndarray = irfft2(rfft2(model, s=self._padded) * self._transfer, s=self._padded)
        return image[:ny, :nx]

    @cached_property
    def _padded(self) -> tuple[int, int]:
        """The least shape on which no two lags of the image fall together."""
        rows, columns = (next_fast_len(n - 1, real=True) for n in self.lags.shape)
        return rows, columns

    @cached_property
    def _transfer(self) -> np.ndarray:
        kernel = np.zeros(self._padded)
        ny, nx = self.shape
        rows = np.arange(1 - ny, ny) % self._padded[0]
        columns = np.arange(1 - nx, nx) % self._padded[1]
        kernel[rows[:, None], columns] = self.lags[1:, 1:]
        transfer: np.ndarray = rfft2(kernel)
        return transfer


@dataclass(frozen=True, eq=False)
class DirtyBeams:
    """The dirty beam of each channel, from those at k nodes in frequency.

    nodes : (k, py, px), peak 1 at [py // 2, px // 2], at least as large as the images
    interpolation : (k, chan) weights of the nodes in every channel
    shape : (ny, nx) of the images
    """

    nodes: np.ndarray
    interpolation: np.ndarray
    shape: tuple[int, int]

    def of(self, channel: int) -> LagBeam:
        """That of a channel, 0 at lags that the nodes do not have."""
        (ny, nx), (py, px) = self.shape, self.nodes.shape[1:]
        lags = np.zeros((2 * ny, 2 * nx), np.float32)
        to_y, from_y = _common(ny, py)
        to_x, from_x = _common(nx, px)
        weights = self.interpolation[:, channel].astype(np.float32)
        lags[to_y, to_x] = np.tensordot(weights, self.nodes[:, from_y, from_x], axes=1)
        return LagBeam(lags)

    @property
    def reach_px(self) -> int | None:
        """How far from its peak the beam is known in y and x; None if between any two pixels."""
        reach = min((p // 2, n) for p, n in zip(self.nodes.shape[1:], self.shape, strict=True))
        known = all(p >= 2 * n - 1 for p, n in zip(self.nodes.shape[1:], self.shape, strict=True))
        return None if known else reach[0]


def dirty_beams_of(cube: Cube) -> DirtyBeams:
    """Those of a dirty cube.

    Raises `DeepFocusError` if the cube has none, if they are smaller than its images, or if a plane
    cannot be cleaned in the memory that is left.
    """
    channels, ny, nx = cube.grid.shape
    if cube.psf is None:
        raise DeepFocusError(
            "the cube has no dirty beam (PSF)",
            wanted="NAME.psf.fits next to the dirty cube NAME.fits",
            remedy="export the PSF of the imaging run, or name it with --psf",
        )
    nodes = np.nan_to_num(np.asarray(cube.psf))
    if nodes.ndim != 3 or nodes.shape[1] < ny or nodes.shape[2] < nx:
        raise DeepFocusError(
            f"a dirty beam of {' x '.join(map(str, nodes.shape[:0:-1]))} pixels for images of "
            f"{nx} x {ny}",
            wanted="a beam at least as large as the images",
            remedy="make both by the same imaging run",
        )
    require_memory(
        WORKING_BYTES_PER_PIXEL * ny * nx,
        f"cleaning images of {nx} x {ny} pixels",
        remedy="cut out a part of the cube, or use fewer --workers",
    )
    at = channels_of_planes(cube.psf_channels, len(nodes), channels)
    weights = node_weights(cube.grid.frequency_at(at), cube.grid.freq_hz)
    return DirtyBeams(nodes, weights, (ny, nx))


def gaussian_beam(beam: Beam, grid: Grid) -> LagBeam:
    """The restoring beam at every lag, peak 1."""
    wide = Grid(grid.sky, 2 * grid.ny, 2 * grid.nx, grid.freq_hz)
    return LagBeam(beam_image(beam, wide))


def _common(n: int, p: int) -> tuple[slice, slice]:
    """Of lags -n to n - 1 and of a beam's p pixels: those that both have."""
    below, above = min(n, p // 2), min(n, p - p // 2)
    return slice(n - below, n + above), slice(p // 2 - below, p // 2 + above)
