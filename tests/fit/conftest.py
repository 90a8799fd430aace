"""A small telescope and its cubes, for all tests of the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.cube import Cube
from deepfocus.core.noise import Noise, Power
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.filters import Nearby
from deepfocus.fit.parameters import COUNT, CXX, CXY, CYY, source_of
from deepfocus.fit.patch import Problem, patch_problem
from deepfocus.fit.spectra import Sampled
from deepfocus.forward.limit import Limit
from deepfocus.forward.response import Response, response_of
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.limits import limits_of
from deepfocus.simulation.view import Cleaned, Dirty, View
from deepfocus.sky.components import Component, EmissionLine, SkyModel

CHANNELS, SIZE = 24, 144
OBSERVATION = Observation(channels=CHANNELS, size=SIZE, total_time=1800 * u.s, integration=60 * u.s)
BOX = (44, 104, 44, 104)
CONTINUUM_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Case:
    """A kind of cube: how it shows the sky, and its noise."""

    view: View
    kind: White | Thermal
    response: Response

    @property
    def power(self) -> Power:
        return self.view.power(self.kind)

    def dirty(self, row: np.ndarray) -> np.ndarray:
        """(chan, y, x) noise-free cube of one component, made by the simulation."""
        telescope = self.view.telescope
        images, spectra = sky_of(row).parts(telescope.grid)
        return telescope.dirty_cube(telescope.dirty_components(images), spectra)

    def problem(self, data: np.ndarray, sigma: float = 1.0, power: Power | None = None) -> Problem:
        return patch_problem(
            data,
            np.full(CHANNELS, sigma),
            Nearby(self.response, power or self.power),
            box=BOX,
            channel=CHANNELS / 2,
            profile=Sampled(),
        )

    def noise(self, seed: int) -> np.ndarray:
        """(chan, y, x) of standard deviation 1."""
        telescope = getattr(self.view, "dirty", self.view.telescope)
        return self.kind.draw(telescope, np.random.default_rng(seed))

    def limit(self, row: np.ndarray) -> Limit:
        """Cramer-Rao bounds in noise of standard deviation 1."""
        noise = Noise(self.power, np.ones(CHANNELS))
        return limits_of(SkyModel(self.view.telescope.grid, (sky_of(row),)), self.view, noise)[0][0]


def sky_of(row: np.ndarray) -> Component:
    """A component as the simulation knows it: its line relative to its continuum."""
    source = source_of(row)
    continuum = source.continuum_jy or CONTINUUM_SHARE * source.line_jy
    ellipse = {name: getattr(source, name) for name in ("x", "y", "fwhm_x_px", "fwhm_y_px", "pa")}
    area = np.pi / (4 * np.log(2)) * source.fwhm_x_px * source.fwhm_y_px
    line = EmissionLine(source.line_jy / continuum, source.channel, source.fwhm_chan)
    return Component(**ellipse, peak_jy_px=continuum / area, spectral_index=0.0, lines=(line,))


@cache
def case_of(name: str) -> Case:
    kind = White() if name == "white" else Thermal()
    view = (Cleaned() if name == "cleaned" else Dirty()).view(telescope_of(OBSERVATION))
    telescope = view.telescope
    cube = Cube(
        np.zeros(telescope.grid.shape, np.float32),
        telescope.grid,
        beam=view.beam,
        psf=view.psf,
        psf_channels=telescope.node_channels,
        primary_beam=telescope.primary_beam,
    )
    return Case(view, kind, response_of(cube))


@pytest.fixture(params=["white", "thermal", "cleaned"])
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.fixture
def case_named() -> Callable[[str], Case]:
    return case_of


@pytest.fixture
def component() -> np.ndarray:
    """(12,) a source of about one beam, off the primary beam's axis, with line and continuum."""
    row = np.zeros(COUNT)
    row[:2] = 78.3, 65.6
    row[[CXX, CYY, CXY]] = np.array([6.0, 4.0, 1.0]) * (6.5 / FWHM_PER_SIGMA) ** 2 / 6
    row[5:9] = 11.4, 1.9, 60.0, 1.5
    return row
