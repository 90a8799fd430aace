"""How a source appears in a cube, from the cube's own beams: `Response`.

The dirty beam comes from the cube's PSF, which is known at a few channels; between them, Lagrange
polynomials interpolate in frequency (as in `instrument.telescope`). Without a PSF, the restoring
beam stands in as a Gaussian. A PSF image reaches only half its width from its centre: farther
from a source, sidelobes are unknown and left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import map_coordinates

from deepfocus.core.channels import channels_of_planes
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.node_weights import node_weights
from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.ops.fitted_beam import fit_beam

TAIL_BEAMS = 3.0
"""Of a source near the edge of an image, which the other edge is not to see."""
NO_BEAM = 1e-6
"""Of its peak: where a beam is lower everywhere, it has ended."""
RESTORING_NODES = 3
"""Channels in which restoring beams are drawn: between them a Gaussian that narrows by a tenth is
off by 2e-4 of its peak."""


@dataclass(frozen=True, eq=False)
class DirtyBeams:
    """What is known of dirty beams, wherever in an image they are seen.

    images : (1 or k, py, px), peak 1 at [py // 2, px // 2]
    """

    images: np.ndarray
    _local: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def support_px(self) -> int | None:
        """Radius in y and x within which the whole beam lies, as a restoring beam does, or None."""
        shines = np.abs(self.images).max(axis=0) > NO_BEAM
        half = [n // 2 for n in shines.shape]
        radius = max(
            int(np.abs(np.flatnonzero(shines.any(axis=axis)) - half[1 - axis]).max())
            for axis in (0, 1)
        )
        return radius if radius < min(half) - 1 else None

    def local_transfer(self, side: int) -> np.ndarray:
        """(1 or k, rows, columns) transform on (side, side) pixels, for beams with a `support_px`.

        Their peaks are at [0, 0]; complex64.
        """
        if side not in self._local:
            radius = self.support_px
            assert radius is not None
            assert 2 * radius < side
            y, x = (n // 2 for n in self.images.shape[1:])
            near = slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)
            local = _transfer(self.images[:, *near], (side, side))
            self._local[side] = local.astype(np.complex64)
        return self._local[side]


@dataclass(frozen=True, eq=False)
class Response:
    """Beams of one cube, at k nodes in frequency.

    beams : the dirty beams, one for each node or one for all
    primary_beam : (k, ny, nx) without NaN, or None if the cube has none
    interpolation : (k, chan) weights of the nodes in every channel
    beam_px : geometric mean FWHM of the main lobe
    """

    ny: int
    nx: int
    beams: DirtyBeams
    primary_beam: np.ndarray | None
    interpolation: np.ndarray
    beam_px: float

    @property
    def dirty_beam(self) -> np.ndarray:
        """(1 or k, py, px), peak 1 at [py // 2, px // 2]."""
        return self.beams.images

    @cached_property
    def padded(self) -> tuple[int, int]:
        """Shape on which a circular convolution equals the linear one within the image."""
        py, px = self.dirty_beam.shape[1:]
        return next_fast_len(self.ny + py, real=True), next_fast_len(self.nx + px, real=True)

    @cached_property
    def transfer(self) -> np.ndarray:
        """(1 or k, rows, columns) transform of the dirty beams, their peaks moved to [0, 0]."""
        return _transfer(self.dirty_beam, self.padded)

    @cached_property
    def drawn_on(self) -> tuple[int, int]:
        """Least shape on which a circular convolution of a source is the linear one in the image.

        Smaller than `padded`: what lies outside the image may be wrong.
        """
        tail = int(np.ceil(TAIL_BEAMS * self.beam_px))
        rows, columns = (
            next_fast_len(n + min(p // 2, n) + tail, real=True)
            for n, p in zip((self.ny, self.nx), self.dirty_beam.shape[1:], strict=True)
        )
        return rows, columns

    @cached_property
    def drawn_through(self) -> np.ndarray:
        """(1 or k, rows, columns) like `transfer`, on the shape `drawn_on`, complex64."""
        y, x = (
            slice(p // 2 - min(p // 2, n), p // 2 + min(p - p // 2, n + 1))
            for n, p in zip((self.ny, self.nx), self.dirty_beam.shape[1:], strict=True)
        )
        return _transfer(self.dirty_beam[:, y, x], self.drawn_on).astype(np.complex64)

    def shares_at(self, channel: float) -> np.ndarray:
        """(1 or k,) of the dirty beams, in that of the channel that is nearest."""
        if len(self.dirty_beam) == 1:
            return np.ones(1)
        nearest = int(np.clip(round(channel), 0, self.interpolation.shape[1] - 1))
        shares: np.ndarray = self.interpolation[:, nearest]
        return shares

    def dirty_beam_at(self, channel: float, *, reach: int | None = None) -> np.ndarray:
        """(py, px) the dirty beam of the channel that is nearest, its peak at [py // 2, px // 2].

        reach : pixels from the peak along each axis, beyond which it is left out
        """
        here = tuple(
            slice(None) if reach is None else slice(max(n // 2 - reach, 0), n // 2 + reach + 1)
            for n in self.dirty_beam.shape[1:]
        )
        beams = self.dirty_beam[:, *here]
        beam: np.ndarray = np.tensordot(self.shares_at(channel), beams, axes=1)
        return beam

    def drawn_through_at(self, channel: int) -> np.ndarray:
        """(rows, columns) of a channel, like `drawn_through`."""
        return summed(self.shares_at(channel), self.drawn_through)

    @property
    def reaches_everywhere(self) -> bool:
        """Whether sidelobes are known in all of the image, wherever in it their source is."""
        py, px = self.dirty_beam.shape[1:]
        return (
            self.beams.support_px is None
            and (py - 1) // 2 >= self.ny - 1
            and (px - 1) // 2 >= self.nx - 1
        )

    @cached_property
    def padded_primary_beam(self) -> np.ndarray:
        """(k, rows, columns); beyond the image, the value at its edge."""
        if self.primary_beam is None:
            return np.ones((1, *self.padded))
        rows, columns = (
            _held_at_edges(n, padded)
            for n, padded in zip((self.ny, self.nx), self.padded, strict=True)
        )
        return self.primary_beam[:, rows[:, None], columns[None, :]].astype(float)

    def within(self, channels: slice, rows: slice, columns: slice) -> Response:
        """That of a box of the cube, in whose frame channels and pixels then count."""
        primary = self.primary_beam
        return Response(
            ny=rows.stop - rows.start,
            nx=columns.stop - columns.start,
            beams=self.beams,
            primary_beam=None if primary is None else primary[:, rows, columns],
            interpolation=self.interpolation[:, channels],
            beam_px=self.beam_px,
        )

    def seen_at(self, *, x: float, y: float, channel: float) -> float:
        """The primary beam at the nearest pixel and channel; 1 without any."""
        if self.primary_beam is None:
            return 1.0
        row, column, nearest = (
            min(max(round(at), 0), n - 1)
            for at, n in ((y, self.ny), (x, self.nx), (channel, self.interpolation.shape[1]))
        )
        return float(self.interpolation[:, nearest] @ self.primary_beam[:, row, column])

    def seen_mid_band(self, *, x: float, y: float) -> float:
        """The primary beam at the nearest pixel in the middle of the band; 1 without any."""
        return self.seen_at(x=x, y=y, channel=(self.interpolation.shape[1] - 1) / 2)

    def beam_at(self, *, x: np.ndarray | float, y: np.ndarray | float, channel: int) -> np.ndarray:
        """Dirty beam of a channel at offsets (x, y) in pixels from a source; 1 at the source.

        x, y : numbers or arrays of one shape. Interpolation is cubic; 0 beyond the known beam.
        """
        plane = self.dirty_beam_at(channel)
        py, px = plane.shape
        yx = np.broadcast_arrays(np.asarray(y, float) + py // 2, np.asarray(x, float) + px // 2)
        beam: np.ndarray = map_coordinates(plane, np.stack(yx), order=3, cval=0.0)
        return beam

    def of_source(self, source: Ellipse) -> np.ndarray:
        """(k, y, x) dirty image of the source at a flux density of 1 Jy, Jy/beam.

        The source is computed in the uv plane, so its flux, size and position are exact even
        if it is smaller than a pixel.
        """
        return self._seen(irfft2(gaussian_transform(self.padded, source), s=self.padded))

    def of_image(self, image: np.ndarray) -> np.ndarray:
        """(k, y, x) dirty image, Jy/beam, of an image (y, x) of the sky in Jy/pixel."""
        on_sky = np.zeros(self.padded)
        on_sky[: self.ny, : self.nx] = image
        return self._seen(on_sky)

    def _seen(self, on_sky: np.ndarray) -> np.ndarray:
        """(k, y, x) dirty image of an image on the padded shape."""
        transform = rfft2(on_sky * self.padded_primary_beam) * self.transfer
        planes = irfft2(transform, s=self.padded)[:, : self.ny, : self.nx]
        return np.broadcast_to(planes, (len(self.interpolation), self.ny, self.nx))


def response_of(cube: Cube) -> Response:
    """The beams of a cube. Raises `DeepFocusError` if it has neither PSF nor beam."""
    chan, ny, nx = cube.data.shape
    primary = None if cube.primary_beam is None else _everywhere(cube.primary_beam)
    if cube.psf is not None:
        dirty = np.asarray(cube.psf)
        middle = dirty[len(dirty) // 2]
        beam = cube.beam or fit_beam(_square(middle), cube.grid.cell_arcsec)
    elif cube.beam is not None:
        beam = cube.beam
        dirty = _restoring_beams(cube)
    else:
        raise DeepFocusError(
            "the cube has neither a PSF nor a beam",
            wanted="NAME.psf.fits next to NAME.fits, or BMAJ, BMIN and BPA in its header",
            remedy="export the PSF of the imaging run, or add the beam to the header",
        )
    nodes = max(len(dirty), 1 if primary is None else len(primary))
    if primary is not None:
        primary = np.broadcast_to(primary, (nodes, ny, nx))
    at = channels_of_planes(cube.psf_channels, nodes, chan)
    return Response(
        ny=ny,
        nx=nx,
        beams=DirtyBeams(np.asarray(dirty)),
        primary_beam=primary,
        interpolation=node_weights(cube.grid.frequency_at(at), cube.grid.freq_hz),
        beam_px=float(np.sqrt(beam.major_arcsec * beam.minor_arcsec) / cube.grid.cell_arcsec),
    )


def _restoring_beams(cube: Cube) -> np.ndarray:
    """(1 or k, y, x) restoring beams where the primary beam is known, or at the ends and middle."""
    if cube.beams is None:
        assert cube.beam is not None
        return beam_image(cube.beam, cube.grid)[None]
    known = 1 if cube.primary_beam is None else len(cube.primary_beam)
    nodes = known if known > 1 else RESTORING_NODES
    at = channels_of_planes(cube.psf_channels, nodes, len(cube.data))
    return np.stack([beam_image(Beam(*cube.beams.smooth_at(one)), cube.grid) for one in at])


def _everywhere(primary_beam: np.ndarray) -> np.ndarray:
    """(k, y, x) with the lowest response that is known where none is: a source there is seen."""
    seen = primary_beam > 0
    if seen.all():
        return primary_beam
    lowest = primary_beam[seen].min() if seen.any() else np.float32(1)
    filled: np.ndarray = np.where(seen, primary_beam, lowest)
    return filled


def gaussian_transform(shape: tuple[int, int], source: Ellipse) -> np.ndarray:
    """(rows, columns // 2 + 1) transform of an elliptical Gaussian of integral 1 at (x, y)."""
    v = np.fft.fftfreq(shape[0])[:, None]
    u = np.fft.rfftfreq(shape[1])[None, :]
    angle = np.deg2rad(source.pa % 90.0)
    along = -u * np.sin(angle) + v * np.cos(angle)
    across = -u * np.cos(angle) - v * np.sin(angle)
    sigma = np.array([source.fwhm_x_px, source.fwhm_y_px]) / FWHM_PER_SIGMA
    size = (along * sigma[0]) ** 2 + (across * sigma[1]) ** 2
    transform: np.ndarray = np.exp(
        -2 * np.pi**2 * size - 2j * np.pi * (u * source.x + v * source.y)
    )
    return transform


def beam_image(beam: Beam, grid: Grid) -> np.ndarray:
    """(y, x) Gaussian of peak 1 at [ny // 2, nx // 2]: the restoring beam on the cube's pixels.

    The beam's angle is on the sky, so the orientation of the pixels matters.
    """
    dy, dx = np.mgrid[: grid.ny, : grid.nx]
    dy, dx = dy - grid.ny // 2, dx - grid.nx // 2
    to_sky = grid.sky.pixel_scale_matrix * 3600.0
    east = to_sky[0, 0] * dx + to_sky[0, 1] * dy
    north = to_sky[1, 0] * dx + to_sky[1, 1] * dy
    angle = np.deg2rad(beam.pa_deg)
    along = north * np.cos(angle) + east * np.sin(angle)
    across = -north * np.sin(angle) + east * np.cos(angle)
    exponent = (along / beam.major_arcsec) ** 2 + (across / beam.minor_arcsec) ** 2
    gaussian: np.ndarray = np.exp(-4 * np.log(2) * exponent)
    return gaussian


def summed(shares: np.ndarray, transfers: np.ndarray) -> np.ndarray:
    """(rows, columns) a sum of transfer functions (k, rows, columns), often just one of them.

    shares : (k,) real; real and imaginary parts are summed as numbers of their own
    """
    only = np.flatnonzero(shares)
    if len(only) == 1 and shares[only[0]] == 1:
        one: np.ndarray = transfers[only[0]]
        return one
    parts = transfers.reshape(len(transfers), -1).view(transfers.real.dtype)
    total = shares.astype(parts.dtype) @ parts
    transfer: np.ndarray = total.view(transfers.dtype).reshape(transfers.shape[1:])
    return transfer


def _transfer(beams: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(k, rows, columns) transform of beams (k, py, px) on a larger shape, peaks at [0, 0]."""
    k, py, px = beams.shape
    kernel = np.zeros((k, *shape))
    kernel[:, :py, :px] = beams
    transfer: np.ndarray = rfft2(np.roll(kernel, (-(py // 2), -(px // 2)), axis=(1, 2)))
    return transfer


def _held_at_edges(n: int, padded: int) -> np.ndarray:
    """(padded,) indices into n pixels: the last one beyond the end, the first before the start."""
    index = np.minimum(np.arange(padded), n - 1)
    index[(n + padded) // 2 :] = 0  # the index is circular: its end lies before its start
    return index


def _square(plane: np.ndarray) -> np.ndarray:
    """The central square of an image: pixel [ny // 2, nx // 2] becomes [size // 2, size // 2]."""
    size = min(plane.shape)
    y0, x0 = (n // 2 - size // 2 for n in plane.shape)
    return plane[y0 : y0 + size, x0 : x0 + size]
