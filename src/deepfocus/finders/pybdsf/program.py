"""One run of PyBDSF on an image, and its sources in pixels."""

from __future__ import annotations

import gc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.finders.images.plain_file import CELL_DEG, FREQUENCY_HZ, write_plain
from deepfocus.finders.images.quiet import quiet
from deepfocus.finders.images.sighting import Sighting, box_of_pixels
from deepfocus.ops.morphology import axes_from_major_minor, major_minor_from_axes
from deepfocus.ops.snr import mad_sigma


def sightings_of(
    image: np.ndarray, beam: Ellipse, *, thresh_pix: float, thresh_isl: float
) -> list[Sighting]:
    """The sources of an image (y, x), NaN where blank."""
    noise = mad_sigma(image)
    if noise <= 0:
        return []
    with quiet(), TemporaryDirectory(prefix="deepfocus-pybdsf-") as folder:
        import bdsf

        file = Path(folder) / "image.fits"
        write_plain(image / noise, beam, file)
        try:
            found = bdsf.process_image(
                str(file),
                thresh="hard",
                thresh_pix=thresh_pix,
                thresh_isl=thresh_isl,
                beam=_beam_deg(beam),
                frequency=FREQUENCY_HZ,
                ncores=1,
                quiet=True,
            )
        except RuntimeError:  # an image in which it can measure no rms
            return []
        seen = [_sighting(source, found) for source in getattr(found, "sources", [])]
        del found
        gc.collect()  # it leaves its file open, which Python would warn of some time later
    return seen


def _beam_deg(beam: Ellipse) -> tuple[float, float, float]:
    major, minor = major_minor_from_axes(beam.fwhm_x_px, beam.fwhm_y_px)
    return float(major) * CELL_DEG, float(minor) * CELL_DEG, beam.pa


def _sighting(source: Any, image: Any) -> Sighting:
    """A source; its slices are in the order (x, y)."""
    x, y = (float(at) for at in image.sky2pix(source.posn_sky_centroid))
    major, minor, pa = (float(value) for value in source.deconv_size_sky)
    fwhm_x, fwhm_y = axes_from_major_minor(major / CELL_DEG, minor / CELL_DEG, pa)
    columns, rows = source.bbox
    return Sighting(
        x=x,
        y=y,
        snr=float(source.peak_flux_max) / float(source.rms_isl),
        box=box_of_pixels(rows, columns),
        shape=Ellipse(x, y, float(fwhm_x), float(fwhm_y), pa % 180.0),
    )
