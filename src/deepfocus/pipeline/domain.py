"""Whether a cube is like those the networks were trained on, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, label

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube


@dataclass(frozen=True)
class Domain:
    """What the shipped networks saw in training; each pair is the least and the greatest.

    beam_px : geometric mean FWHM of the beam in pixels. channels, image_px : of the cube (of
    images at least as large as those Blobs Finder was shown). cell_arcsec : pixel scale.
    source_px : FWHM of the sources. beams_across : extent of the largest source in the dirty
    image at half of its peak, in beams. line_fwhm_chan : of the lines.
    """

    beam_px: tuple[float, float] = (8.0, 8.5)
    cell_arcsec: tuple[float, float] = (0.1, 0.1)
    channels: tuple[int, int] = (128, 128)
    image_px: tuple[int, int] = (192, 360)
    source_px: tuple[float, float] = (4.7, 18.9)
    beams_across: float = 2.5
    line_fwhm_chan: tuple[float, float] = (3.0, 60.0)


TOLERANCE = 1.02
"""Axes of a cube count as outside the trained range beyond this factor, which is rounding."""


def notes_on(cube: Cube, found: Catalogue, domain: Domain, *, integrated: np.ndarray) -> list[str]:
    """Sentences on what of a cube or of what was found lies outside the training domain.

    integrated : (y, x), the cube summed over its channels
    """
    notes: list[str] = []
    chan, ny, nx = cube.data.shape
    cell = cube.grid.cell_arcsec
    if cube.beam_px is None:
        notes.append("the beam is not known: whether sizes lie in the training domain is not known")
    else:
        notes += _outside("the beam is", cube.beam_px, domain.beam_px, "pixels wide")
        across = extent_px(integrated) / cube.beam_px
        # blends of two sources reach twice the extent of one
        if len(found.accepted) and across > 2 * domain.beams_across:
            notes.append(
                f"the brightest emission is resolved, {across:.2g} beams across; the largest "
                f"source trained on is {domain.beams_across:g}"
            )
    notes += _outside("pixels are", cell, domain.cell_arcsec, "arcsec wide")
    notes += _outside("the cube has", chan, domain.channels, "channels")
    notes += _outside("the image is", min(ny, nx), domain.image_px, "pixels wide")
    if restored(cube):
        notes.append(
            "no dirty beam came with the cube, or it was cleaned: "
            "the networks were trained on dirty cubes"
        )
    accepted = found.accepted
    largest = np.maximum(
        accepted["box_x1"] - accepted["box_x0"], accepted["box_y1"] - accepted["box_y0"]
    )
    # A box spans sqrt(log2(1 / 0.15)) = 1.65 FWHM, and is found to within a fifth.
    resolved = int(np.sum(largest > 1.2 * 1.65 * domain.source_px[1]))
    if resolved:
        notes.append(
            f"{resolved} of {len(accepted)} sources are larger than any trained on "
            f"({domain.source_px[1]:g} pixels FWHM): their sizes and fluxes are not reliable"
        )
    # widths are measured to about a tenth
    low, high = domain.line_fwhm_chan[0] / 1.2, domain.line_fwhm_chan[1] * 1.2
    width = accepted["line_fwhm_chan"]
    odd = int(np.sum((width < low) | (width > high)))
    if odd:
        notes.append(
            f"{odd} of {len(accepted)} lines are narrower or wider than those trained on "
            f"({domain.line_fwhm_chan[0]:g} to {domain.line_fwhm_chan[1]:g} channels FWHM)"
        )
    return notes


def extent_px(image: np.ndarray) -> float:
    """Longer side, in pixels, of the emission around the brightest pixel above half of it."""
    filled = np.nan_to_num(image)
    peak = np.unravel_index(np.argmax(filled), filled.shape)
    islands, _ = label(filled > filled[peak] / 2)
    if not islands[peak]:
        return 0.0
    rows, columns = find_objects((islands == islands[peak]).astype(int))[0]
    return float(max(rows.stop - rows.start, columns.stop - columns.start))


def restored(cube: Cube) -> bool:
    """Whether the cube looks cleaned: no dirty beam, and neither simulated here."""
    return cube.psf is None and cube.noise is None


def _outside(subject: str, value: float, known: tuple[float, float], unit: str) -> list[str]:
    low, high = known
    if low / TOLERANCE <= value <= high * TOLERANCE:
        return []
    trained = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    number = f"{value}" if isinstance(value, int) else f"{value:.3g}"
    return [f"{subject} {number} {unit}; the networks were trained on {trained}"]
