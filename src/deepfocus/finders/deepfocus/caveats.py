"""What to keep in mind of a source, in words: the column `warning`."""

from __future__ import annotations

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.voxels import Voxels, runs
from deepfocus.finders.deepfocus.masked import MaskFlux
from deepfocus.finders.deepfocus.samples import within
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.search.mask_numbers import Value
from deepfocus.search.noise_map import NoiseMap

ERRORS_APART = 3.0
SHARE_APART = 0.1
"""Of the fit's flux: a mask and a fit that are closer are the same."""
BOWL_ERRORS = 3.0
BOWL_SHARE = 0.05
"""Of the fit's flux: what is missing in a ring that counts as a bowl."""
LOST = 0.25
"""Of the channels of a line, without data in a row: what they hid is the model's alone."""
WRONG_MODEL = 1.5
"""Reduced chi^2, from which on a model does not explain the data."""


def caveats_of(
    source: SourceFit, mask: MaskFlux, cube: Cube, noise: NoiseMap, beam_px: float
) -> str:
    """All that apply; empty if there is none. mask : in Jy channels."""
    channel, fwhm_chan = source.value("channel"), source.value("fwhm_chan")
    kms = float(cube.grid.width_kms(1.0, channel))
    fit = Value(source.value("flux") * kms, source.error("flux") * kms)
    mask = mask.scaled(kms)
    lit = within(channel - fwhm_chan / 2, channel + fwhm_chan / 2 + 1, len(cube.data))
    said = (
        mask_against_fit(fit, mask, trusted(source, mask)),
        in_a_bowl(fit, mask),
        near_the_edge(cube.data, lit, x=source.value("x"), y=source.value("y"), beam_px=beam_px),
        cut_off(channel, fwhm_chan, noise.searched),
        with_gaps(channel, fwhm_chan, noise.searched),
        beyond_the_primary_beam(cube, x=source.value("x"), y=source.value("y")),
    )
    return "; ".join(each for each in said if each)


def mask_against_fit(fit: Value, mask: MaskFlux, which: str) -> str:
    """Whether the fluxes, Jy km/s, differ by more than both their errors and a tenth."""
    apart = abs(mask.flux.value - fit.value)
    alike = max(ERRORS_APART * np.hypot(fit.error, mask.flux.error), SHARE_APART * abs(fit.value))
    if not apart > alike:
        return ""
    fluxes = f"{mask.flux.value:.3g} against {fit.value:.3g} Jy km/s"
    return f"mask and fit differ: {fluxes}, trust the {which}"


def trusted(source: SourceFit, mask: MaskFlux) -> str:
    """The one of mask and fit that is not known to fail.

    A mask misses what lies beyond an edge or has sunk into a bowl, which a model completes. Where
    the model is no Gaussian or leaves more than noise, the mask does not mind.
    """
    if mask.at_edge or _sinks(mask):
        return "fit"
    return "mask" if len(source.components) > 1 or source.misfit > WRONG_MODEL else "fit"


def in_a_bowl(fit: Value, mask: MaskFlux) -> str:
    """Whether the ring around a mask is as negative as an image without short spacings is."""
    if not (_sinks(mask) and mask.ring.value < -BOWL_SHARE * abs(fit.value)):
        return ""
    return f"in a negative bowl: the ring around it has {mask.ring.value:.2g} Jy km/s"


def near_the_edge(data: Voxels, lit: slice, *, x: float, y: float, beam_px: float) -> str:
    """Whether an end of the image, or pixels that are always blank, lie within a beam.

    lit : channels of the line
    """
    ny, nx = data.shape[1:]
    inside = beam_px - 0.5 <= min(x, y, nx - 1 - x, ny - 1 - y)
    rows, columns = (within(at - beam_px, at + beam_px + 1, n) for at, n in ((y, ny), (x, nx)))
    blank_y, blank_x = np.nonzero(~np.isfinite(data[lit, rows, columns]).any(axis=0))
    apart = np.hypot(blank_y + rows.start - y, blank_x + columns.start - x)
    return "near the edge of the image" if not inside or np.any(apart < beam_px) else ""


def cut_off(channel: float, fwhm_chan: float, searched: np.ndarray) -> str:
    """Whether half of the peak lies beyond the channels that have data; searched : (chan,) bool.

    Of a line in an image of few channels nobody can tell.
    """
    if is_image(len(searched)):
        return ""
    known = np.flatnonzero(searched)
    low, high = channel - fwhm_chan / 2, channel + fwhm_chan / 2
    cut = low < known[0] - 0.5 or high > known[-1] + 0.5
    return "line cut off by the end of the band" if cut else ""


def with_gaps(channel: float, fwhm_chan: float, searched: np.ndarray) -> str:
    """Whether a large part of the line, amid channels with data, has none; searched : (chan,)."""
    known = np.flatnonzero(searched)
    low, high = max(channel - fwhm_chan / 2, known[0]), min(channel + fwhm_chan / 2, known[-1])
    of_line = searched[within(low, high + 1, len(searched))]
    longest = max((gap.stop - gap.start for gap in runs(~of_line)), default=0)
    if longest <= LOST * len(of_line):
        return ""
    return f"{longest} of the {len(of_line)} channels of its line, in a row, have no data"


def beyond_the_primary_beam(cube: Cube, *, x: float, y: float) -> str:
    """Whether a known primary beam has no response at a place."""
    if cube.primary_beam is None or cube.primary_beam_at(x=x, y=y) > 0:
        return ""
    return "beyond the cut-off of the primary beam: its flux is that at least"


def _sinks(mask: MaskFlux) -> bool:
    return mask.ring.value < -BOWL_ERRORS * mask.ring.error
