"""The range of a network's training data; finders note when a cube lies outside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """Properties of the training cubes and sources; each pair is (minimum, maximum).

    beam_px : geometric mean FWHM of the beam in pixels
    cell_arcsec : pixel scale
    channels : number of channels of the cubes
    image_px : side of the images, from the smallest that Blobs Finder was shown
    source_px : FWHM of the sources in pixels
    beams_across : extent, in beams, of the largest source in the dirty image, at half of its peak
    line_fwhm_chan : FWHM of the lines in channels
    """

    beam_px: tuple[float, float]
    cell_arcsec: tuple[float, float]
    channels: tuple[int, int]
    image_px: tuple[int, int]
    source_px: tuple[float, float]
    beams_across: float
    line_fwhm_chan: tuple[float, float]
