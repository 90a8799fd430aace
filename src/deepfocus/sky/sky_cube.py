"""A whole sky from a FITS file: a model cube, put before the telescope as it is.

As in CASA's simobserve: the middle of the model goes to the phase centre and to the middle of the
band, and its cell, channel width and brightness are those of its header unless others are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.components import SkyModel
from deepfocus.sky.template_files import ModelCube, model_of
from deepfocus.sky.template_source import TemplateSource


@dataclass(frozen=True, kw_only=True)
class SkyCube:
    """One model cube without noise; it is the same in every cube of the set.

    file : FITS cube, or the name of a shipped galaxy
    cell, channel_width : of the model, if its header has none or others are wanted; the width as a
        velocity
    flux_jy_kms : of the whole model, if its unit is not Jy/pixel or another flux is wanted
    """

    kind: ClassVar[str] = "cube"

    file: str
    cell: u.Quantity | None = None
    channel_width: u.Quantity | None = None
    flux_jy_kms: float | None = None

    def __post_init__(self) -> None:
        for name, value, unit in (
            ("cell", self.cell, u.arcsec),
            ("channel_width", self.channel_width, u.km / u.s),
        ):
            if value is not None and not (value.unit.is_equivalent(unit) and value > 0):
                raise DeepFocusError(
                    f"{name} = {value} of the sky's model",
                    wanted=f"a positive value in {unit}",
                    remedy="correct it in [population]",
                )
        self._scales(model_of(self.file))

    @property
    def files(self) -> tuple[Path, ...]:
        """The model, if it is a user's own file."""
        path = Path(self.file)
        return (path,) if path.is_file() else ()

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """The model on that grid; nothing about it is random."""
        model = model_of(self.file)
        cell_arcsec, channel_kms, flux_jy_kms = self._scales(model)
        template = model.template
        steps, rows, columns = template.voxels.shape
        shape, (middle, width) = template.shape, template.line
        pixels = cell_arcsec / grid.cell_arcsec
        centre = (len(grid.freq_hz) - 1) / 2
        channels = channel_kms / float(grid.width_kms(1.0, centre))
        # receding gas is seen at lower frequency
        direction = -float(np.sign(grid.freq_hz[-1] - grid.freq_hz[0]))
        source = TemplateSource(
            template,
            x=grid.nx // 2 + (shape.x - (columns - 1) / 2) * pixels,
            y=grid.ny // 2 + (shape.y - (rows - 1) / 2) * template.aspect * pixels,
            fwhm_px=shape.major * pixels,
            pa=shape.pa,
            channel=centre + direction * (middle - (steps - 1) / 2) * channels,
            fwhm_chan=width * channels,
            flux_jy_kms=flux_jy_kms,
        )
        return SkyModel(grid, (source,))

    def _scales(self, model: ModelCube) -> tuple[float, float, float]:
        """Cell (arcsec), channel width (km/s) and flux (Jy km/s), given or of the header."""
        cell = model.cell_arcsec if self.cell is None else float(self.cell.to_value(u.arcsec))
        width = model.channel_kms
        if self.channel_width is not None:
            width = float(self.channel_width.to_value(u.km / u.s))
        flux = self.flux_jy_kms
        if flux is None and model.sum_jy is not None and width is not None:
            flux = model.sum_jy * width
        return (
            self._known("cell", cell, wanted="CDELT1 of a celestial axis"),
            self._known("channel_width", width, wanted="a spectral axis with a unit"),
            self._known("flux_jy_kms", flux, wanted="BUNIT Jy/pixel"),
        )

    def _known(self, name: str, value: float | None, *, wanted: str) -> float:
        if value is None:
            raise DeepFocusError(
                f"the header of {self.file} does not tell the model's {name}",
                wanted=wanted,
                remedy=f"give {name} in [population]",
            )
        return value
