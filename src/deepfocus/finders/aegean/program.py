"""One run of Aegean on an image, and its components in pixels."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from astropy.wcs import WCS

from deepfocus.core.source import Ellipse
from deepfocus.finders.images.plain_file import CELL_DEG, write_plain
from deepfocus.finders.images.quiet import quiet
from deepfocus.finders.images.sighting import Sighting
from deepfocus.ops.boxes import source_box
from deepfocus.ops.ellipses import covariance_of, deconvolved, ellipse_of
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.ops.peaks import smooth
from deepfocus.ops.snr import mad_sigma

ARCSEC_PER_PX = CELL_DEG * 3600.0


def sightings_of(
    image: np.ndarray,
    beam: Ellipse,
    *,
    seed_clip: float,
    flood_clip: float,
    max_summits: int,
    smooth_px: float,
) -> list[Sighting]:
    """The components of an image (y, x), NaN where blank."""
    if mad_sigma(image) <= 0:
        return []
    flat, wider = _smoothed(image, beam, smooth_px)
    with quiet(), TemporaryDirectory(prefix="deepfocus-aegean-") as folder:
        from AegeanTools.source_finder import SourceFinder

        _name_that_aegean_knows()
        file = Path(folder) / "image.fits"
        axes = write_plain(flat / mad_sigma(flat), wider, file)
        found = SourceFinder().find_sources_in_image(
            str(file),
            innerclip=seed_clip,
            outerclip=flood_clip,
            max_summits=max_summits,
            cores=1,
            progress=False,
        )
        seen = [_sighting(component, axes, wider) for component in found]
    return [each for each in seen if np.isfinite([each.x, each.y, each.snr]).all()]


def _name_that_aegean_knows() -> None:
    """AegeanTools 2.3.5 catches `np.linalg.linalg.LinAlgError`, a name that NumPy 2 gave up.

    Without it an island whose fit has no covariance ends the search; with it, it has no errors.
    """
    if not hasattr(np.linalg, "linalg"):
        np.linalg.linalg = np.linalg  # type: ignore[attr-defined]


def _smoothed(image: np.ndarray, beam: Ellipse, smooth_px: float) -> tuple[np.ndarray, Ellipse]:
    """The image smoothed, blank where it was, and its beam."""
    if smooth_px <= 0:
        return image, beam
    flat = smooth(np.nan_to_num(image), smooth_px)
    round_px = Ellipse(0.0, 0.0, smooth_px, smooth_px, 0.0)
    wider = ellipse_of(covariance_of(beam) + covariance_of(round_px), x=beam.x, y=beam.y)
    return np.where(np.isfinite(image), flat, np.nan), wider


def _sighting(component: Any, axes: WCS, beam: Ellipse) -> Sighting:
    """A component: FWHMs in arcsec there, angles within 90 deg of north."""
    x, y = (float(at) for at in axes.all_world2pix(component.ra, component.dec, 0))
    major, minor = (float(axis) / ARCSEC_PER_PX for axis in (component.a, component.b))
    pa = float(component.pa) % 180.0
    fwhm_x, fwhm_y = axes_from_major_minor(major, minor, pa)
    seen = Ellipse(x, y, float(fwhm_x), float(fwhm_y), pa)
    return Sighting(
        x=x,
        y=y,
        snr=float(component.peak_flux) / float(component.local_rms),
        box=source_box(seen),
        shape=deconvolved(seen, beam),
    )
