"""The limit of every line of a simulated sky: what the best measurement of it would reach."""

from __future__ import annotations

from functools import cache, reduce
from operator import add

import numpy as np

from deepfocus.core.noise import Noise
from deepfocus.forward.deformations import GaussianShape, RigidShape, ShapeChange
from deepfocus.forward.limit import (
    Limit,
    LineSpectra,
    SpatialInformation,
    limit_of,
    patch_around,
    spatial_information,
)
from deepfocus.simulation.sights import Sighted
from deepfocus.sky.components import Component, SkyModel, SkySource
from deepfocus.sky.point import HALF_WIDTH_PX, Point
from deepfocus.sky.tangent import Tangent

GAUSSIAN_REACH, REACH = 2.0, 2.5
"""Half a side of the patch around a source, in FWHM of its major axis: a Gaussian has less than
1e-5 of its light outside, a disc 0.2%."""

Limits = tuple[tuple[Limit, ...], ...]
"""Of each line of each source."""


def limits_of(sky: SkyModel, view: Sighted, noise: Noise) -> Limits:
    """The limits of all lines; none in a cube without noise, or of one channel, without a width."""
    assert noise.sigma_jy_beam is not None
    channels = len(view.telescope.grid.freq_hz)
    sigma = np.broadcast_to(noise.sigma_jy_beam, channels)
    if not np.all(sigma > 0) or channels < 2:
        return tuple(() for _ in sky.components)
    return tuple(_of_source(source, view, noise, sigma) for source in sky.components)


def best_snr(limits: tuple[Limit, ...]) -> float:
    """The signal-to-noise ratio of the most significant line of a source; 0 if it has none."""
    return max((limit.snr for limit in limits), default=0.0)


def _of_source(
    source: SkySource, view: Sighted, noise: Noise, sigma: np.ndarray
) -> tuple[Limit, ...]:
    grid = view.telescope.grid
    truths, tangent = source.line_truths(grid), source.tangent(grid)
    shape = _shape_of(source)

    @cache
    def information(node: int) -> SpatialInformation:
        return _information(source, tangent, shape, view=view, noise=noise, node=node)

    limits = []
    for truth, line in zip(truths, tangent.lines, strict=True):
        node = int(np.abs(view.telescope.node_channels - truth.channel).argmin())
        spectra = LineSpectra(
            *(each / sigma for each in (tangent.total, line.own, line.by_channel, line.by_width))
        )
        limits.append(limit_of(information(node), spectra, width_chan=truth.fwhm_chan, shape=shape))
    return tuple(limits)


def _information(
    source: SkySource,
    tangent: Tangent,
    shape: ShapeChange,
    *,
    view: Sighted,
    noise: Noise,
    node: int,
) -> SpatialInformation:
    """What a cube tells about a source's images at a node, from the patch around it."""
    telescope = view.telescope
    ellipse = source.ellipse
    rows, columns = patch_around(ellipse, _reach_px(source), (telescope.size, telescope.size))
    images = tangent.images[:, rows, columns]
    sights = view.sights(
        noise.power, node, x=ellipse.x, y=ellipse.y, reach=max(images.shape[1:]) - 1
    )
    each = (
        spatial_information(
            images,
            x=ellipse.x - columns.start,
            y=ellipse.y - rows.start,
            shape=shape,
            primary_beam=primary_beam[rows, columns],
            kernels=kernels,
        )
        for primary_beam, kernels in sights
    )
    return reduce(add, each)


def _shape_of(source: SkySource) -> ShapeChange:
    if isinstance(source, Component | Point):
        return GaussianShape(source.ellipse)
    return RigidShape(source.ellipse)


def _reach_px(source: SkySource) -> int:
    major = max(source.ellipse.fwhm_x_px, source.ellipse.fwhm_y_px)
    if isinstance(source, Point):
        return HALF_WIDTH_PX + 1
    reach = GAUSSIAN_REACH if isinstance(source, Component) else REACH
    return int(np.ceil(reach * major)) + 3
