"""A patch of a cube, as a fit sees it: the filtered data at the uv cells that tell anything.

The likelihood needs the data only through J'A d / sigma^2. In the uv plane, that is a sum over the
few hundred cells where the beam has power, so the data are transformed once, and a component's
template may be as small as a point, or even sharper.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.fft import next_fast_len

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.fit.attenuation import NO_PRIMARY_BEAM, Attenuation, attenuation_near
from deepfocus.fit.filters import Filter, Filtering
from deepfocus.fit.in_band import profile_of
from deepfocus.fit.parameters import tilt
from deepfocus.fit.spectra import Profile, Sampled
from deepfocus.fit.uv_grid import UvGrid
from deepfocus.forward.response import Response
from deepfocus.ops.circular import power

MARGIN_BEAMS = 2.0
"""How far beyond the box a component's light is taken to reach, in FWHM of the beam."""

PASSED = 3e-2
"""Of the filter's highest value: cells where it is lower are left out on both sides of the
equation."""
BINS = 8
"""Of the band, in which a continuum is as good as constant."""
VALUES_AT_ONCE = 1 << 23
"""Of the data that are transformed together."""
LEAST_KNOWN = 0.5
"""Of a channel's pixels beside those of others: where coverage differs, a source may lie in the
blank part of some channels."""
LEAST_TOLD = 1e-3
"""Of the highest power of a kernel: what a cell with less of it tells is taken for this."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Channels without lines, some together. Sums over a bin, each channel with its weight.

    of_channel : (chan,) bin; weights : (bin,); tilt : (bin,); score : (bin, 2 cell)
    """

    of_channel: np.ndarray
    weights: np.ndarray
    tilt: np.ndarray
    score: np.ndarray

    def without(self, problem: Problem, near: np.ndarray) -> Bins:
        """Means instead of sums, without some channels; bins in which none is left are gone."""
        taken = np.zeros((len(self.weights), len(near)))
        taken[self.of_channel[near], np.arange(len(near))] = problem.weights[near]
        weights = self.weights - taken.sum(axis=1)
        tilts = self.tilt - taken @ tilt(near, problem.channels)
        score = self.score - taken @ problem.score[near]
        left = weights > 1e-9 * max(float(problem.weights.max()), 1e-300)
        by = weights[left]
        return Bins(self.of_channel, by, tilts[left] / by, score[left] / by[:, None])


@dataclass(frozen=True, eq=False)
class Problem:
    """The data of a patch and what is needed to fit components to them.

    rows, columns : of the cube, in which components lie
    u, v : (cell,) cycles per pixel of x and y
    score : (chan, 2 cell) real and imaginary parts of A d, without the noise's level
    model, noise : (cell,) power of A B and of A^2 N
    weights : (chan,) 1 / sigma^2 of the noise, 0 in blank channels
    beam_px : FWHM of the beam
    attenuation : primary beam at the line; profile : how channels see a line
    """

    rows: slice
    columns: slice
    u: np.ndarray
    v: np.ndarray
    score: np.ndarray
    model: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    beam_px: float
    attenuation: Attenuation = NO_PRIMARY_BEAM
    profile: Profile = field(default_factory=Sampled)

    @property
    def channels(self) -> int:
        return len(self.weights)

    @property
    def beam_sigma_px(self) -> float:
        return self.beam_px / FWHM_PER_SIGMA

    def without_data(self) -> Problem:
        """The same, with a score of 0 that takes no memory."""
        return replace(self, score=np.broadcast_to(0.0, self.score.shape))

    @cached_property
    def grid(self) -> UvGrid:
        """The rows and columns of the cells."""
        return UvGrid.of(self.u, self.v)

    @cached_property
    def bins(self) -> Bins:
        """All channels, a few together."""
        of_channel = np.arange(self.channels) * min(BINS, self.channels) // self.channels
        shares = np.zeros((of_channel[-1] + 1, self.channels))
        shares[of_channel, np.arange(self.channels)] = self.weights
        at = tilt(np.arange(self.channels), self.channels)
        return Bins(of_channel, shares.sum(axis=1), shares @ at, shares @ self.score)

    @cached_property
    def lowest_chi2(self) -> float:
        """No model of the sky fits better: every cell and channel explained by itself.

        Where the kernel's power is negative, which noise of the beam makes of no power, chi^2 has
        no bound; whatever lies below this one is there.
        """
        told = np.maximum(np.repeat(self.model, 2), LEAST_TOLD * self.model.max())
        return -float(self.weights @ (self.score**2 @ (1 / told)))


def patch_problem(
    data: Voxels,
    sigma: np.ndarray,
    filtering: Filtering,
    *,
    box: tuple[int, int, int, int],
    channel: float,
    profile: Profile | None = None,
) -> Problem:
    """The problem of fitting components that lie in a box.

    data : (chan, y, x) the whole cube, Jy/beam, without any other sources; NaN where blank. The
        data around the box that the filter needs are taken too
    sigma : (chan,) standard deviation of the noise at the box, Jy/beam
    filtering : for the noise's power
    box : y0, y1, x0, x1, the ends excluded
    channel : of the line; beams are those of that channel
    profile : that of so many channels unless given

    A channel that knows less than half of the box as any other does has no weight.
    Other blank pixels, and what lies beyond the image, count as 0: in a residual that is as the
    model has it, which is what a source at the edge of the data has to be fitted in again.
    """
    rows, columns = (
        slice(max(start, 0), min(stop, n))
        for (start, stop), n in zip((box[:2], box[2:]), data.shape[1:], strict=True)
    )
    response, halo = filtering.response, filtering.halo_px
    margin = int(np.ceil(MARGIN_BEAMS * response.beam_px))
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    # a template must not meet itself, nor the data around it, across the transform's border
    pixels = max(side + margin, (side + 2 * halo + margin) // 2 + 1)
    middle = (rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2
    filtered = filtering.at(middle, channel=channel, exact=side + margin // 2, reach=pixels - 1)
    cells = _Cells.of(filtered, next_fast_len(2 * pixels - 1, real=True))
    near = tuple(
        slice(max(part.start - halo, 0), min(part.stop + halo, n))
        for part, n in zip((rows, columns), data.shape[1:], strict=True)
    )
    seen = _seen(data, near[0], near[1], cells)
    weights = _weights(_is_blank(data, rows, columns), sigma)
    return Problem(
        rows=rows,
        columns=columns,
        u=cells.u,
        v=cells.v,
        score=seen.view(float),
        model=cells.model,
        noise=cells.noise,
        weights=weights,
        beam_px=response.beam_px,
        attenuation=_attenuation(response, channel, rows, columns),
        profile=profile or profile_of(weights > 0),
    )


@dataclass(frozen=True, eq=False)
class _Cells:
    """The uv cells that the filter lets through: frequencies, cycles per pixel, and power, (cell,).

    score, model, noise : of A, A B and A^2 N, such that sums over the cells are those over the sky

    A cell is chosen by A, which is smooth, even if the beam has no power there: a filter with
    holes would reach across the sky to the edge of the data.
    """

    u: np.ndarray
    v: np.ndarray
    score: np.ndarray
    model: np.ndarray
    noise: np.ndarray

    @classmethod
    def of(cls, kernels: Filter, side: int) -> _Cells:
        """The cells of a transform of `side` pixels."""
        score, model, noise = (
            power(kernel, (side, side)) for kernel in (kernels.score, kernels.model, kernels.noise)
        )
        passed = np.abs(score) > PASSED * np.abs(score).max()
        v, u = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
        return cls(
            u=np.broadcast_to(u, passed.shape)[passed],
            v=np.broadcast_to(v, passed.shape)[passed],
            score=score[passed],
            model=model[passed],
            noise=noise[passed],
        )

    def transform(self, images: np.ndarray, *, y: int, x: int) -> np.ndarray:
        """(image, cell) complex64 of images (image, y, x) whose first pixel is at (x, y)."""
        _, ny, nx = images.shape
        rows, at_row = np.unique(self.v, return_inverse=True)
        columns, at_column = np.unique(self.u, return_inverse=True)
        along_x = np.exp(-2j * np.pi * np.outer(x + np.arange(nx), columns))
        parts = np.concatenate([along_x.real, along_x.imag], axis=1).astype(np.float32)
        by_column = (images.astype(np.float32, copy=False).reshape(-1, nx) @ parts).reshape(
            len(images), ny, 2, len(columns)
        )
        along_y = np.exp(-2j * np.pi * np.outer(rows, y + np.arange(ny)))
        split = np.concatenate([along_y.real, along_y.imag]).astype(np.float32)
        both = np.matmul(split, by_column.reshape(len(images), ny, -1)).reshape(
            len(images), 2, len(rows), 2, len(columns)
        )[:, :, at_row, :, at_column]
        # numpy puts the cells first
        (rr, ri), (ir, ii) = both.transpose(2, 3, 1, 0)
        transform: np.ndarray = (rr - ii) + 1j * (ri + ir)
        return transform


def _seen(data: Voxels, rows: slice, columns: slice, cells: _Cells) -> np.ndarray:
    """(chan, cell) complex, the filtered data of some pixels."""
    ny, nx = rows.stop - rows.start, columns.stop - columns.start
    seen = np.empty((len(data), len(cells.u)), complex)
    for block in channel_blocks((len(data), ny, nx), VALUES_AT_ONCE):
        cut = data[block, rows, columns]
        if np.isnan(cut).any():
            cut = np.nan_to_num(cut)
        seen[block] = cells.transform(cut, y=rows.start, x=columns.start) * cells.score
    return seen


def _is_blank(data: Voxels, rows: slice, columns: slice) -> np.ndarray:
    """(chan,) where fewer of some pixels are known than a share of what any channel has of them."""
    ny, nx = rows.stop - rows.start, columns.stop - columns.start
    known = np.zeros(len(data), int)
    for block in channel_blocks((len(data), ny, nx), VALUES_AT_ONCE):
        known[block] = np.isfinite(data[block, rows, columns]).sum(axis=(1, 2))
    blank: np.ndarray = known < LEAST_KNOWN * known.max(initial=0)
    return blank


def _weights(blank: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """(chan,) 1 / sigma^2; 0 where there are no data or the noise is unknown."""
    sigma = np.broadcast_to(np.asarray(sigma, float), len(blank))
    known = np.isfinite(sigma) & (sigma > 0) & ~blank
    weights: np.ndarray = np.where(known, 1 / np.where(known, sigma, 1.0) ** 2, 0.0)
    return weights


def _attenuation(response: Response, channel: float, rows: slice, columns: slice) -> Attenuation:
    if response.primary_beam is None:
        return NO_PRIMARY_BEAM
    nearest = int(np.clip(round(channel), 0, response.interpolation.shape[1] - 1))
    weights = response.interpolation[:, nearest]
    return attenuation_near(response.primary_beam, weights, rows=rows, columns=columns)
