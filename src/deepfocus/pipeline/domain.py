"""Whether a cube is like those the networks were trained on, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube


@dataclass(frozen=True)
class Domain:
    """What the shipped networks saw in training; each pair is the least and the greatest.

    beam_px : geometric mean FWHM of the beam in pixels. channels, image_px : of the cube.
    cell_arcsec : pixel scale. source_px : FWHM of the sources.
    """

    beam_px: tuple[float, float] = (6.0, 12.0)
    cell_arcsec: tuple[float, float] = (0.08, 0.12)
    channels: tuple[int, int] = (96, 160)
    image_px: tuple[int, int] = (256, 400)
    source_px: tuple[float, float] = (2.0, 20.0)
    line_fwhm_chan: tuple[float, float] = (2.0, 12.0)


def notes_on(cube: Cube, found: Catalogue, domain: Domain) -> list[str]:
    """Sentences on what of a cube or of what was found lies outside the training domain."""
    notes: list[str] = []
    chan, ny, nx = cube.data.shape
    cell = cube.grid.cell_arcsec
    if cube.beam is None:
        notes.append("the beam is not known: whether sizes lie in the training domain is not known")
    else:
        beam = np.sqrt(cube.beam.major_arcsec * cube.beam.minor_arcsec) / cell
        notes += _outside("the beam is", float(beam), domain.beam_px, "pixels wide")
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
    # A box spans sqrt(log2(1 / 0.15)) = 1.65 FWHM.
    resolved = int(np.sum(largest > 1.65 * np.hypot(domain.source_px[1], 3)))
    if resolved:
        notes.append(
            f"{resolved} of {len(accepted)} sources are larger than any trained on "
            f"({domain.source_px[1]:g} pixels FWHM): their sizes and fluxes are not reliable"
        )
    low, high = domain.line_fwhm_chan
    width = accepted["line_fwhm_chan"]
    odd = int(np.sum((width < low) | (width > high)))
    if odd:
        notes.append(
            f"{odd} of {len(accepted)} lines are narrower or wider than those trained on "
            f"({low:g} to {high:g} channels FWHM)"
        )
    return notes


def restored(cube: Cube) -> bool:
    """Whether the cube looks cleaned: no dirty beam, and neither simulated here."""
    return cube.psf is None and cube.noise_kind is None


def _outside(subject: str, value: float, known: tuple[float, float], unit: str) -> list[str]:
    if known[0] <= value <= known[1]:
        return []
    return [f"{subject} {value:.3g} {unit}, outside the {known[0]:g} to {known[1]:g} trained on"]
