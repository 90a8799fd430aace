"""Steps 10 and 11: major and minor FWHM and position angle from the focused line images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.ops.focus import line_image
from deepfocus.ops.morphology import axes_from_major_minor, pa_from_vector
from deepfocus.pipeline.deep_gru import Spectrum
from deepfocus.pipeline.networks import Network

SIZE_UNIT_PX = 10.0
"""The size networks answer in this unit, so that their outputs are near one."""


@dataclass(frozen=True)
class MorphologySettings:
    """crop_px : side of the images the networks see (64); min_fwhm_px : least size reported."""

    crop_px: int = 64
    min_fwhm_px: float = 0.5


@dataclass(frozen=True)
class Morphology:
    """Accepted candidates -> fwhm_x_px, fwhm_y_px, pa; the focused images are the evidence."""

    major: Network
    minor: Network
    angle: Network
    settings: MorphologySettings = MorphologySettings()

    def __call__(
        self, cube: Cube, candidates: Catalogue, *, spectra: Mapping[int, Spectrum]
    ) -> tuple[Catalogue, dict[int, np.ndarray]]:
        rows = [row for row in candidates.table if row["flag"] == Flag.ACCEPTED]
        images = {int(row["id"]): self.focused_image(cube, row, spectra) for row in rows}
        if not rows:
            return candidates, images
        stack = list(images.values())
        sizes = [SIZE_UNIT_PX * run_on_images(net, stack)[:, 0] for net in (self.major, self.minor)]
        major = np.maximum(np.maximum(*sizes), self.settings.min_fwhm_px)
        minor = np.maximum(np.minimum(*sizes), self.settings.min_fwhm_px)
        pa = pa_from_vector(run_on_images(self.angle, stack))
        fwhm_x, fwhm_y = axes_from_major_minor(major, minor, pa)
        return into_accepted(candidates, fwhm_x_px=fwhm_x, fwhm_y_px=fwhm_y, pa=pa), images

    def focused_image(self, cube: Cube, row: Any, spectra: Mapping[int, Spectrum]) -> np.ndarray:
        """Continuum-subtracted focused image (crop_px, crop_px), Jy/beam * chan."""
        spectrum = spectra[int(row["parent_id"] or row["id"])]
        lo, hi = float(row["channel_lo"]), float(row["channel_hi"])
        return line_image(
            cube.data,
            y=float(row["y"]),
            x=float(row["x"]),
            size=self.settings.crop_px,
            channel_lo=lo,
            channel_hi=hi,
            spans=[*spectrum.spans, (lo, hi)],
            continuum=spectrum.continuum,
        )


def run_on_images(network: Network, images: list[np.ndarray]) -> np.ndarray:
    """Outputs (b, k) of a network for images, each under the network's own normalisation."""
    inputs = np.stack([network.normalise(image).values for image in images])
    return np.asarray(network.run(inputs[:, None].astype(np.float32)), np.float64)


def into_accepted(candidates: Catalogue, **columns: np.ndarray) -> Catalogue:
    """Columns written in the accepted rows, in their order; the others keep theirs."""
    accepted = candidates["flag"] == Flag.ACCEPTED
    full = {}
    for name, values in columns.items():
        full[name] = candidates[name].copy()
        full[name][accepted] = values
    return candidates.with_columns(**full)
