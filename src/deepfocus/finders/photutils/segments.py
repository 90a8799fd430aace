"""The segments of one image: background, detection image, threshold, deblending, moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.finders.images.quiet import quiet
from deepfocus.finders.images.sighting import Sighting
from deepfocus.ops.boxes import Box
from deepfocus.ops.ellipses import deconvolved
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.ops.peaks import smooth
from deepfocus.ops.snr import mad_sigma

LEAST_SHARE = 50.0
"""Percent of a box that may be blank, for its background to count."""


@dataclass(frozen=True)
class Segmentation:
    """In pixels, and in units of the noise, what `Photutils` says in beams."""

    box_px: int
    smooth_px: float
    threshold: float
    pixels: int
    contrast: float


def sightings_of(image: np.ndarray, beam: Ellipse, how: Segmentation) -> list[Sighting]:
    """The sources of an image (y, x), NaN where blank."""
    from photutils.segmentation import SourceCatalog, deblend_sources, detect_sources

    blank = ~np.isfinite(image)
    noise = mad_sigma(image)
    if noise <= 0:
        return []
    with quiet():
        flat = _without_background(image, blank, how.box_px) / noise
        smoothed = smooth(flat, how.smooth_px)
        level = how.threshold * mad_sigma(smoothed[~blank])
        segments = detect_sources(smoothed, level, how.pixels, mask=blank)
        if segments is None:
            return []
        segments = deblend_sources(
            smoothed, segments, how.pixels, contrast=how.contrast, progress_bar=False
        )
        sources = SourceCatalog(flat, segments, mask=blank)
        seen = [_sighting(source, beam) for source in sources]
    return [each for each in seen if np.isfinite([each.x, each.y, each.snr]).all()]


def _without_background(image: np.ndarray, blank: np.ndarray, box_px: int) -> np.ndarray:
    """The image less its background; blank pixels are 0."""
    from photutils.background import Background2D, MedianBackground

    box = (min(box_px, image.shape[0]), min(box_px, image.shape[1]))
    try:
        background = Background2D(
            image,
            box,
            mask=blank,
            exclude_percentile=LEAST_SHARE,
            bkg_estimator=MedianBackground(),
        ).background
    except ValueError:  # no box has enough pixels
        background = np.nanmedian(image)
    flat: np.ndarray = np.where(blank, 0.0, image - background)
    return flat


def _sighting(source: Any, beam: Ellipse) -> Sighting:
    """A source of the catalogue, of which the values have units or none."""
    x, y = float(source.x_centroid), float(source.y_centroid)
    box = source.bbox
    # from +x towards +y there, from +y towards -x here
    pa = (_plain(source.orientation) - 90.0) % 180.0
    major, minor = (
        FWHM_PER_SIGMA * _plain(axis) for axis in (source.semimajor_axis, source.semiminor_axis)
    )
    shape = None
    if np.isfinite([major, minor, pa]).all():
        fwhm_x, fwhm_y = axes_from_major_minor(major, minor, pa)
        shape = deconvolved(Ellipse(x, y, float(fwhm_x), float(fwhm_y), pa), beam)
    return Sighting(
        x=x,
        y=y,
        snr=float(source.max_value),
        box=Box(box.ixmin - 0.5, box.ixmax - 0.5, box.iymin - 0.5, box.iymax - 0.5),
        shape=shape,
    )


def _plain(value: Any) -> float:
    return float(getattr(value, "value", value))
