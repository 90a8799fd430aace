"""The line flux of a source in its mask: a measurement beside the fit, which knows no model.

In a restored cube alone, where a sum over voxels is a flux. What is summed is the residual of all
sources and the source's own line, so that neighbours and continua do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage

from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse
from deepfocus.core.voxels import Voxels
from deepfocus.finders.deepfocus.correlated import correlated_noise
from deepfocus.finders.deepfocus.honest import LEAST_SEEN
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    CXX,
    CYY,
    GRADIENT,
    SIGMA,
    SLOPE,
    X,
    Y,
)
from deepfocus.fit.spectra import Sampled
from deepfocus.forward.response import Response
from deepfocus.ops.ellipses import covariance_of
from deepfocus.search.mask import CorrelatedNoise, Slices, bounding_box, padded
from deepfocus.search.mask_flux import MaskMeasurement, measure_mask, room_around
from deepfocus.search.mask_numbers import UNKNOWN, Value

CORE_SIGMA = 2.0
"""Noise above which a source's model surely shines."""
CORE_SHARE = 0.3
"""Of its peak: half of a Gaussian's flux is where it is brighter. Faint lines do not stand out."""
REACH_SIGMA = 4.0
"""Of a component, in which its core is looked for: there it is 3e-4 of its peak."""


@dataclass(frozen=True)
class MaskFlux:
    """Line flux in a mask, of the sky, in Jy channels unless scaled.

    ring : flux within a beam around the mask, in its own channels
    at_edge : whether the mask reaches an end of the band or image, or blank voxels
    """

    flux: Value
    ring: Value
    at_edge: bool

    def scaled(self, factor: float) -> MaskFlux:
        """In another unit."""
        flux, ring = (
            Value(each.value * factor, each.error * factor) for each in (self.flux, self.ring)
        )
        return replace(self, flux=flux, ring=ring)


NOT_MEASURED = MaskFlux(UNKNOWN, UNKNOWN, at_edge=False)


@dataclass(frozen=True, eq=False)
class Restored:
    """A cube with a restoring beam, and what its sources leave.

    residual : (chan, y, x) Jy/beam, NaN where blank
    beam_in : that of a channel, at the origin, px
    """

    residual: Voxels
    noise: CorrelatedNoise
    beam_in: Callable[[float], Ellipse]
    response: Response

    def box_of(self, source: SourceFit) -> Slices:
        """Voxels in which its line may stand out, inside the cube."""
        rows = source.components
        beam = covariance_of(self.beam_in(float(rows[0, CHANNEL])))
        along = (rows[:, GRADIENT] * rows[:, [SIGMA]]) ** 2
        seen = np.maximum(rows[:, [CXX, CYY]], 0.0) + np.diag(beam) + along
        reach = REACH_SIGMA * np.column_stack([rows[:, SIGMA], np.sqrt(seen[:, ::-1])])
        centre = rows[:, [CHANNEL, Y, X]]
        low = np.floor((centre - reach).min(axis=0)).astype(int)
        high = np.ceil((centre + reach).max(axis=0)).astype(int) + 1
        k, y, x = (
            slice(min(max(a, 0), n - 1), max(min(b, n), 1))
            for a, b, n in zip(low, high, self.residual.shape, strict=True)
        )
        channels = len(self.residual)
        return slice(0, channels) if is_image(channels) else k, y, x

    def line_of(self, source: SourceFit, box: Slices) -> np.ndarray:
        """(chan, y, x) the model of its line alone, in a box."""
        model = np.zeros([each.stop - each.start for each in box], np.float32)
        response = self.response.within(*box)
        rows = source.components.copy()
        rows[:, [CONTINUUM, SLOPE]] = 0.0
        rows[:, [CHANNEL, Y, X]] -= [each.start for each in box]
        profiles = source.profiles or (Sampled(),) * len(rows)
        parts = [Part(row[None], each) for row, each in zip(rows, profiles, strict=True)]
        add_model(model, parts, response)
        return model


def restored_of(cube: Cube, sight: Sight, looked: Looked) -> Restored | None:
    """None for a dirty cube, in which a sum over voxels is no flux."""
    if cube.psf is not None:
        return None
    noise = correlated_noise(sight, looked.noise)
    return Restored(looked.explained.residual, noise, partial(beam_ellipse, cube), sight.response)


def mask_flux_of(source: SourceFit, restored: Restored) -> MaskFlux:
    """Measured where its model stands out, and as far around as the data add flux."""
    beam = restored.beam_in(source.place["channel"])
    room = room_around(beam)
    part = padded(restored.box_of(source), room, restored.residual.shape)
    own = restored.line_of(source, part)
    line = restored.residual[part] + own
    noise = restored.noise.within(part)
    core = _core(own, noise) & np.isfinite(line)
    if not core.any():
        return NOT_MEASURED
    box = bounding_box(core)
    others = np.zeros(line.shape, np.int8)
    measured = measure_mask(line, others, 1, core[box], box=box, noise=noise, beam=beam)
    seen = restored.response.seen_at(**source.place)
    # where it stops is by noise too: what the model has beyond may be there or not
    beyond = float(own.sum(dtype=float) - own[measured.box][measured.mask].sum(dtype=float))
    flux = replace(measured.flux, error=float(np.hypot(measured.flux.error, beyond / beam.area_px)))
    return MaskFlux(
        flux, Value(measured.ring, measured.ring_err), _ends_at_edge(measured, line)
    ).scaled(1 / max(seen, LEAST_SEEN))


def _core(own: np.ndarray, noise: CorrelatedNoise) -> np.ndarray:
    """(chan, y, x) bool, where a line stands out, or is bright beside its own peak."""
    level = CORE_SIGMA * noise.channel[:, None, None] * noise.position
    core: np.ndarray = (own > 0) & (own >= np.minimum(level, CORE_SHARE * own.max()))
    return core


def _ends_at_edge(measured: MaskMeasurement, line: np.ndarray) -> bool:
    """Whether a voxel of a mask has a neighbour that is blank or outside the cube."""
    inner = ndimage.binary_erosion(np.isfinite(line[measured.box]))
    return bool(np.any(measured.mask & ~inner))
