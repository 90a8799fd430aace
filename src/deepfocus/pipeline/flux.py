"""Steps 12 and 13: 3D model and mask, continuum and line images (Eq 19), fluxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.core.source import Source
from deepfocus.forward.noise import noise_level
from deepfocus.forward.through_beam import through_round_beam
from deepfocus.ops.crop import crop, crop_origin
from deepfocus.ops.focus import channel_slice, continuum_image, line_image
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.lines import MIN_FREE_CHANNELS, free_channels
from deepfocus.ops.mask import dilated_span, masked_line_image
from deepfocus.pipeline.deep_gru import Spectrum, box_of_row
from deepfocus.pipeline.morphology import into_accepted
from deepfocus.pipeline.networks import Network


@dataclass(frozen=True)
class FluxSettings:
    """crop_px : side of the image the network sees (64); dilation : of the mask (1.5)."""

    crop_px: int = 64
    dilation: float = 1.5


@dataclass(frozen=True)
class Flux:
    """Accepted candidates -> line_flux, peak, continuum, summed_brightness, snr_peak.

    The network gives the logarithm of the apparent line flux in Jy * chan over the peak of the
    masked line image. Line flux and continuum are divided by the primary beam at the source
    where the cube carries it; peak, summed brightness and SNRs are as seen in the cube.
    """

    network: Network
    settings: FluxSettings = FluxSettings()

    def __call__(
        self, cube: Cube, candidates: Catalogue, *, spectra: Mapping[int, Spectrum]
    ) -> Catalogue:
        rows = [row for row in candidates.table if row["flag"] == Flag.ACCEPTED]
        if not rows:
            return candidates
        noise = noise_level(cube)
        images, measured = [], []
        for row in rows:
            spectrum = spectra[int(row["parent_id"] or row["id"])]
            images.append(self.line_emission_image(cube, row, spectrum))
            measured.append(self.measure(cube, row, spectrum, noise))
        scaled = [self.network.normalise(image) for image in images]
        inputs = np.stack([one.values for one in scaled])[:, None].astype(np.float32)
        logarithm = np.asarray(self.network.run(inputs), np.float64)[:, 0]
        # No flux is a factor e^20 from the peak of its image: a wild output stays finite.
        apparent_jy_chan = np.exp(np.clip(logarithm, -20, 20)) * [one.scale for one in scaled]
        response = primary_beam(cube, rows)
        channel = np.array([row["channel"] for row in rows], float)
        kms_per_chan = cube.grid.width_kms(1.0, channel)
        ratio = np.array([one["continuum_to_line"] for one in measured])
        return into_accepted(
            candidates,
            line_flux=apparent_jy_chan * kms_per_chan / response,
            continuum=1e3 * apparent_jy_chan * ratio / response,
            peak=np.array([one["peak"] for one in measured]),
            snr_peak=np.array([one["snr_peak"] for one in measured]),
            summed_brightness=np.array([one["summed"] for one in measured]),
        )

    def line_emission_image(self, cube: Cube, row: Any, spectrum: Spectrum) -> np.ndarray:
        """Line image inside the source's dilated 3D mask, (crop_px, crop_px), Jy/beam * chan."""
        return masked_line_image(
            cube.data,
            model_of(row),
            size=self.settings.crop_px,
            dilation=self.settings.dilation,
            spans=spectrum.spans,
            continuum=spectrum.continuum,
        )

    def measure(self, cube: Cube, row: Any, spectrum: Spectrum, noise: float) -> dict[str, float]:
        """Amplitudes of line and continuum in the cube, and the paper's summed brightness.

        The amplitudes are those of the source's dirty shape (its Gaussian convolved with the
        beam's), fitted to the line and continuum images above half of its peak.
        """
        model = model_of(row)
        lo, hi = dilated_span(model, dilation=self.settings.dilation)
        size = self.settings.crop_px
        spans = [*spectrum.spans, (lo, hi)]
        line = line_image(
            cube.data,
            y=model.y,
            x=model.x,
            size=size,
            channel_lo=lo,
            channel_hi=hi,
            spans=spans,
            continuum=spectrum.continuum,
        )
        template = dirty_shape(cube, model, size)
        line_jy_beam_chan = amplitude(line, template)
        continuum_jy_beam = np.nan
        n = len(cube.data)
        if free_channels(n, spans).sum() >= MIN_FREE_CHANNELS:
            cutout = crop(cube.data, y=model.y, x=model.x, size=size)
            continuum_jy_beam = amplitude(continuum_image(cutout, spans), template)
        profile = gaussian_1d(n, model.channel, model.fwhm_chan)[channel_slice(lo, hi, n)]
        line_jy_beam = line_jy_beam_chan / max(float(profile.sum()), 1.0)
        rows, columns = box_of_row(row).pixels(*cube.data.shape[1:])
        channels = channel_slice(float(row["channel_lo"]), float(row["channel_hi"]), n)
        positive = line_jy_beam_chan > 0
        return {
            "continuum_to_line": continuum_jy_beam / line_jy_beam_chan if positive else np.nan,
            "peak": 1e3 * (line_jy_beam + np.nan_to_num(continuum_jy_beam)),
            "snr_peak": line_jy_beam / noise if noise > 0 else np.nan,
            "summed": 1e3 * float(np.nansum(cube.data[channels, rows, columns], dtype=float)),
        }


def model_of(row: Any) -> Source:
    """The 3D model (step 12) of a row whose shape has been measured."""
    return Source(
        x=float(row["x"]),
        y=float(row["y"]),
        fwhm_x_px=float(row["fwhm_x_px"]),
        fwhm_y_px=float(row["fwhm_y_px"]),
        pa=float(row["pa"]),
        channel=float(row["channel"]),
        fwhm_chan=float(row["line_fwhm_chan"]),
    )


def dirty_shape(cube: Cube, source: Source, size: int) -> np.ndarray:
    """(size, size) unit-peak Gaussian of the source's shape convolved with a round beam."""
    here = source.shifted(x=-crop_origin(source.x, size), y=-crop_origin(source.y, size))
    return gaussian_2d((size, size), through_round_beam(here, cube))


def amplitude(image: np.ndarray, template: np.ndarray) -> float:
    """Least-squares amplitude of a unit-peak template above half of its peak."""
    core = template >= min(0.5, float(template.max()))
    shape = template[core].astype(np.float64)
    return float(np.sum(shape * image[core]) / np.sum(shape**2))


def primary_beam(cube: Cube, rows: list[Any]) -> np.ndarray:
    """Response at the sources; 1 where the cube does not carry it, NaN outside the beam."""
    x = np.array([row["x"] for row in rows], float)
    y = np.array([row["y"] for row in rows], float)
    if cube.primary_beam is None:
        return np.ones(len(rows))
    response = cube.primary_beam_at(x=x, y=y)
    return np.where(response > 0, response, np.nan)
