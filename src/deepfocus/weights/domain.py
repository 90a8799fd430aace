"""What a network saw in training: cubes outside it are said to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """Cubes and sources of a training; each pair is the least and the greatest.

    beam_px : geometric mean FWHM of the beam in pixels
    cell_arcsec : pixel scale
    channels, image_px : of the cube (of images at least as large as Blobs Finder was shown)
    source_px : FWHM of the sources
    beams_across : extent of the largest source in the dirty image, at half of its peak
    line_fwhm_chan : of the lines
    """

    beam_px: tuple[float, float]
    cell_arcsec: tuple[float, float]
    channels: tuple[int, int]
    image_px: tuple[int, int]
    source_px: tuple[float, float]
    beams_across: float
    line_fwhm_chan: tuple[float, float]
