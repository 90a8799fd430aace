"""Steps 12 and 13: 3D model and mask, continuum and line images (Eq 19), fluxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.source import Source
from deepfocus.finders.six_networks.candidate import (
    Candidate,
    Candidates,
    Fluxes,
    accepted,
    updated,
)
from deepfocus.forward.noise import noise_level
from deepfocus.forward.through_beam import through_round_beam
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.focus import dilated_range, line_image
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.inputs import MaskedLineImage
from deepfocus.ops.targets import LogFlux
from deepfocus.weights.six import Trained


@dataclass(frozen=True)
class Amplitudes:
    """Peaks of a source in the cube: line and continuum, Jy/beam, and continuum over line."""

    line_jy_beam: float
    continuum_jy_beam: float
    continuum_to_line: float


@dataclass(frozen=True, eq=False)
class MeasureFluxes:
    """Accepted candidates with measured shapes -> the same with their fluxes.

    The network gives the apparent line flux. Line flux and continuum are divided by the primary
    beam at the source if the cube has one; peak, summed brightness and SNRs are as seen in the
    cube.
    """

    network: Trained[MaskedLineImage, LogFlux]

    def __call__(self, cube: Cube, candidates: Sequence[Candidate]) -> Candidates:
        found = accepted(candidates)
        if not found:
            return tuple(candidates)
        noise = noise_level(cube)
        images = [masked_image(self.network.input, cube, each) for each in found]
        scaled = [self.network.input.encode(image) for image in images]
        inputs = np.stack([each.values for each in scaled])[:, None].astype(np.float32)
        output = np.asarray(self.network.run(inputs), np.float64)
        scales = np.array([each.scale for each in scaled])
        apparent = self.network.target.decode(output, scale=scales)
        measured = [
            replace(each, fluxes=self.measure(cube, each, jy_chan, noise))
            for each, jy_chan in zip(found, apparent, strict=True)
        ]
        return updated(candidates, measured)

    def measure(
        self, cube: Cube, candidate: Candidate, apparent_jy_chan: float, noise: float
    ) -> Fluxes:
        """All fluxes of one candidate.

        apparent_jy_chan : line flux before primary beam correction; noise : per channel, Jy/beam
        """
        apparent = self.amplitudes(cube, candidate)
        response = primary_beam_at(cube, candidate)
        kms_per_chan = float(cube.grid.width_kms(1.0, candidate.channel))
        continuum = np.nan_to_num(apparent.continuum_jy_beam)
        return Fluxes(
            line_jy_kms=apparent_jy_chan * kms_per_chan / response,
            continuum_jy=apparent_jy_chan * apparent.continuum_to_line / response,
            peak_jy_beam=apparent.line_jy_beam + continuum,
            snr_peak=apparent.line_jy_beam / noise if noise > 0 else np.nan,
            summed_jy_beam=summed_brightness(cube, candidate),
        )

    def amplitudes(self, cube: Cube, candidate: Candidate) -> Amplitudes:
        """Line and continuum amplitudes in the cube.

        The source's dirty shape (its Gaussian convolved with the beam's) is fitted to the line
        and continuum images where it exceeds half of its peak.
        """
        source, sees, n = candidate.source, self.network.input, len(cube.data)
        window = Window(source.x, source.y, sees.crop_px)
        channels = dilated_range(source, dilation=sees.dilation)
        continuum = candidate.home.continuum.beside(channels)
        template = dirty_shape(cube, source, window)
        line_jy_beam_chan = amplitude(line_image(cube.array, window, channels, continuum), template)
        continuum_jy_beam = np.nan
        if continuum.known_over(n):
            image = continuum.image(crop(cube.array, window))
            continuum_jy_beam = amplitude(image, template)
        profile = gaussian_1d(n, source.channel, source.fwhm_chan)[channels.slice(n)]
        return Amplitudes(
            line_jy_beam=line_jy_beam_chan / max(float(profile.sum()), 1.0),
            continuum_jy_beam=continuum_jy_beam,
            continuum_to_line=continuum_jy_beam / line_jy_beam_chan
            if line_jy_beam_chan > 0
            else np.nan,
        )


def masked_image(sees: MaskedLineImage, cube: Cube, candidate: Candidate) -> np.ndarray:
    """The flux network's input image of a candidate, before normalisation."""
    return sees.image(cube.array, candidate.source, candidate.home.continuum)


def dirty_shape(cube: Cube, source: Source, window: Window) -> np.ndarray:
    """(size, size) unit-peak Gaussian: the source's shape convolved with a round beam."""
    here = source.shifted(x=-window.x0, y=-window.y0)
    return gaussian_2d((window.size, window.size), through_round_beam(here, cube))


def amplitude(image: np.ndarray, template: np.ndarray) -> float:
    """Least-squares amplitude of a unit-peak template, fitted where it exceeds half of its peak."""
    core = template >= min(0.5, float(template.max()))
    shape = template[core].astype(np.float64)
    return float(np.sum(shape * image[core]) / np.sum(shape**2))


def summed_brightness(cube: Cube, candidate: Candidate) -> float:
    """The paper's flux: the sum of the dirty voxels in the box and channel range, Jy/beam."""
    rows, columns = candidate.box.pixels(*cube.data.shape[1:])
    channels = candidate.span.slice(len(cube.data))
    return float(np.nansum(cube.data[channels, rows, columns], dtype=float))


def primary_beam_at(cube: Cube, candidate: Candidate) -> float:
    """Primary beam response at a candidate; 1 if the cube has none, NaN outside the beam."""
    if cube.primary_beam is None:
        return 1.0
    response = float(cube.primary_beam_at(x=candidate.x, y=candidate.y))
    return response if response > 0 else np.nan
