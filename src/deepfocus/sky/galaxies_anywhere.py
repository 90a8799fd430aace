"""Real galaxies, from templates, spread over the field; and other sources beside them if asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.components import SkySource
from deepfocus.sky.template_files import SHIPPED, template_of
from deepfocus.sky.template_source import TemplateSource


@dataclass(frozen=True, kw_only=True)
class GalaxiesAnywhere(SourcesAnywhere):
    """Templates and, for the rest, the sources of `SourcesAnywhere`.

    templates : shipped galaxies by name, or FITS files of noise-free cubes
    template_fraction : probability of a template
    A template has one emission line, whatever `lines` and `absorption_fraction` are. Its width
    (W50) is drawn from line_fwhm_chan, its size from fwhm_px and its angle from pa_deg; either half
    may recede. line_amplitude is its line flux over (continuum * line width), as for a disc.
    """

    kind: ClassVar[str] = "galaxies"

    templates: tuple[str, ...] = SHIPPED
    template_fraction: float = 1.0
    sources: tuple[int, int] = (1, 3)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.templates or not 0 <= self.template_fraction <= 1:
            raise DeepFocusError(
                f"{len(self.templates)} templates, a fraction of {self.template_fraction:g}",
                wanted="at least one template and a fraction from 0 to 1",
                remedy="correct the [population] settings",
            )
        for name in self.templates:
            template_of(name)

    @property
    def files(self) -> tuple[Path, ...]:
        """Templates that are a user's own files."""
        return tuple(Path(name) for name in self.templates if name not in SHIPPED)

    def source(self, grid: Grid, rng: np.random.Generator, flux_jy_kms: float) -> SkySource:
        """A galaxy with this line flux."""
        if rng.uniform() >= self.template_fraction:
            return super().source(grid, rng, flux_jy_kms)
        template = template_of(self.templates[rng.integers(len(self.templates))])
        x, y = self.place(grid, rng)
        line = self._line(grid, rng)
        width_kms = line.fwhm_chan * float(grid.width_kms(1.0, line.channel))
        source = TemplateSource(
            template,
            x=x,
            y=y,
            fwhm_px=float(rng.uniform(*self.fwhm_px)),
            pa=float(rng.uniform(*self.pa_deg) + 180.0 * int(rng.integers(2))),
            channel=line.channel,
            fwhm_chan=line.fwhm_chan,
            flux_jy_kms=flux_jy_kms,
            continuum_jy=flux_jy_kms / (float(rng.uniform(*self.line_amplitude)) * width_kms),
            spectral_index=float(rng.uniform(*self.spectral_index)),
        )
        return replace(source, continuum_jy=source.continuum_jy * self._continuum_share(rng))
