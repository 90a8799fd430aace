"""Network inputs: from a cube and a position in it to one normalised input.

A network's card states its input, so that training and detection prepare it the same way. Each
is a frozen dataclass whose `encode` returns the input and the scale that was removed from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from deepfocus.core.channels import ChannelRange
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Source
from deepfocus.ops.boxes import Box
from deepfocus.ops.continuum import Continuum
from deepfocus.ops.crop import Window
from deepfocus.ops.focus import DILATION, line_image, masked_line_image
from deepfocus.ops.normalise import AsinhNoise, Normalisation, Peak, Scaled, Standardise
from deepfocus.ops.spectra import extract_spectrum


@dataclass(frozen=True)
class IntegratedImage:
    """The cube summed over its channels, processed in tiles.

    tile_px : side of a tile; overlap_px : overlap of tiles, since a network lacks the
        surroundings of their edges
    """

    kind: ClassVar[str] = "integrated_image"

    normalise: Normalisation = field(default_factory=AsinhNoise)
    tile_px: int = 256
    overlap_px: int = 64

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_px < self.tile_px:
            raise DeepFocusError(
                f"tiles of {self.tile_px} pixels that overlap by {self.overlap_px}",
                wanted="0 <= overlap_px < tile_px",
                remedy="correct the input on the network's card",
            )

    def encode(self, integrated: np.ndarray) -> Scaled:
        """Normalise a whole integrated image (y, x)."""
        return self.normalise(integrated)


@dataclass(frozen=True)
class BoxSpectrum:
    """The spectrum summed over the box of a blob.

    channels : number that the network takes, None for any; other bands are split into windows
    """

    kind: ClassVar[str] = "box_spectrum"

    normalise: Normalisation = field(default_factory=Standardise)
    channels: int | None = None

    def spectrum(self, data: np.ndarray, box: Box) -> np.ndarray:
        """(chan,) dirty spectrum of the box, Jy/beam times pixels; NaN where it has no data."""
        return extract_spectrum(data, box)

    def encode(self, spectrum: np.ndarray) -> Scaled:
        """Normalise the dirty spectrum of a box."""
        return self.normalise(spectrum)


@dataclass(frozen=True)
class FocusedImage:
    """Line emission around a source in a channel range, continuum removed (Eq 19).

    crop_px : side of the image
    """

    kind: ClassVar[str] = "focused_image"

    normalise: Normalisation = field(default_factory=Peak)
    crop_px: int = 64

    def image(
        self,
        data: np.ndarray,
        *,
        x: float,
        y: float,
        channels: ChannelRange,
        continuum: Continuum,
    ) -> np.ndarray:
        """(crop_px, crop_px) in Jy/beam times channels. The continuum excludes the range."""
        window = Window(x, y, self.crop_px)
        return line_image(data, window, channels, continuum.beside(channels))

    def encode(self, image: np.ndarray) -> Scaled:
        """Normalise an image from `image`."""
        return self.normalise(image)


@dataclass(frozen=True)
class MaskedLineImage:
    """Line emission of one source, zero outside its 3D mask (steps 12, 13).

    crop_px : side of the image; dilation : factor on the mask, in the image and in frequency
    """

    kind: ClassVar[str] = "masked_line_image"

    normalise: Normalisation = field(default_factory=Peak)
    crop_px: int = 64
    dilation: float = DILATION

    def image(self, data: np.ndarray, source: Source, continuum: Continuum) -> np.ndarray:
        """(crop_px, crop_px) in Jy/beam times channels."""
        return masked_line_image(data, source, continuum, size=self.crop_px, dilation=self.dilation)

    def encode(self, image: np.ndarray) -> Scaled:
        """Normalise an image from `image`; the scale is the unit of the flux target."""
        return self.normalise(image)


Input = IntegratedImage | BoxSpectrum | FocusedImage | MaskedLineImage
