"""Cubes with a closed form, and networks that answer from the known truth.

A source is a Gaussian already convolved with the Gaussian beam: its observed FWHM is the
quadrature sum. The oracles return each network's ideal target, so that the tests probe only the
logic of the stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.noise import White, noise_of_level
from deepfocus.core.source import Ellipse
from deepfocus.finders.six_networks.blobs import BlobSettings, FindBlobs
from deepfocus.ops.blobs import Connected, Saddles
from deepfocus.ops.boxes import BOX_FRACTION, Box, source_box
from deepfocus.ops.focus import DILATION
from deepfocus.ops.gaussians import gaussian_1d, gaussian_2d
from deepfocus.ops.inputs import BoxSpectrum, FocusedImage, IntegratedImage, MaskedLineImage
from deepfocus.ops.integrate import integrate
from deepfocus.ops.morphology import elongation_vector
from deepfocus.ops.normalise import AsinhNoise
from deepfocus.ops.targets import Elongation, Fwhm, LineProbability, LogFlux, ProbabilityMap
from deepfocus.weights.card import Card
from deepfocus.weights.domain import Domain
from deepfocus.weights.six import SixNetworks

BEAM_PX = 6.0
LINE_AREA = float(np.sqrt(np.pi / (4 * np.log(2))))


@dataclass(frozen=True)
class Source:
    """Round source: observed peaks of line and continuum (Jy/beam), intrinsic FWHM."""

    x: float
    y: float
    channel: float
    fwhm_chan: float = 6.0
    line: float = 1.0
    continuum: float = 0.2
    fwhm_px: float = 6.0

    @property
    def box(self) -> Box:
        return source_box(Ellipse(self.x, self.y, self.fwhm_px, self.fwhm_px, 0.0))

    @property
    def observed_px(self) -> float:
        return float(np.hypot(self.fwhm_px, BEAM_PX))

    @property
    def line_flux_jy_chan(self) -> float:
        """Peak, times observed area over beam area, times the line's equivalent width."""
        return self.line * (self.observed_px / BEAM_PX) ** 2 * LINE_AREA * self.fwhm_chan


def cube_of(
    sources: Sequence[Source],
    *,
    noise: float = 0.05,
    shape: tuple[int, int, int] = (128, 256, 256),
    seed: int = 1,
    psf: np.ndarray | None = None,
) -> Cube:
    """Sources and white noise on a 0.1 arcsec grid with a known beam."""
    chan, ny, nx = shape
    data = np.random.default_rng(seed).normal(0, noise, shape).astype(np.float32)
    for source in sources:
        spatial = gaussian_2d(
            (ny, nx), Ellipse(source.x, source.y, source.observed_px, source.observed_px, 0)
        )
        spectrum = source.continuum + source.line * gaussian_1d(
            chan, source.channel, source.fwhm_chan
        )
        data += spectrum[:, None, None] * spatial
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=ny,
        cell_arcsec=0.1,
        freq_hz=229.36e9 + 1e7 * np.arange(chan),
    )
    if nx != ny:
        grid = grid.cropped(y0=0, x0=0, ny=ny, nx=nx)
    return Cube(
        data=data,
        grid=grid,
        beam=Beam(BEAM_PX * 0.1, BEAM_PX * 0.1, 0.0),
        psf=psf,
        psf_channels=None if psf is None else np.array([chan // 2]),
        noise=noise_of_level(White(), noise or None),
    )


SADDLES = Saddles()
DOMAIN = Domain(
    beam_px=(BEAM_PX, BEAM_PX),
    cell_arcsec=(0.1, 0.1),
    channels=(128, 128),
    image_px=(192, 360),
    source_px=(4.7, 18.9),
    beams_across=2.5,
    line_fwhm_chan=(3.0, 60.0),
)


@dataclass
class Oracle:
    """A network that answers with a given function of its batch."""

    answer: object
    input: object
    target: object
    domain: Domain = DOMAIN
    parameters: int = 0

    @property
    def card(self) -> Card:
        return Card("oracle", self.input, self.target, self.domain)  # type: ignore[arg-type]

    def run(self, batch: np.ndarray) -> np.ndarray:
        return np.asarray(self.answer(batch), np.float32)  # type: ignore[operator]


def oracles(
    cube: Cube,
    sources: Sequence[Source],
    *,
    blobs: Sequence[Source] | None = None,
    leaks: bool = False,
    clean: np.ndarray | None = None,
    split: Saddles | Connected = SADDLES,
) -> SixNetworks:
    """Networks that know the truth.

    blobs : what the map shows (default: every source). leaks : the clean spectrum of a box
    also shows the lines of sources centred outside it. clean : Deep GRU's answer to every
    spectrum, instead of the ideal one. split : how the finder under test splits blobs.
    """
    chan, ny, nx = cube.data.shape
    probability = np.zeros((ny, nx), np.float32)
    for source in sources if blobs is None else blobs:
        probability = np.maximum(
            probability,
            gaussian_2d((ny, nx), Ellipse(source.x, source.y, source.fwhm_px, source.fwhm_px, 0)),
        )
    # The oracle knows the whole image, so a tile's values identify its part of the map.
    integrated = AsinhNoise()(integrate(cube.data)).values

    def find(batch: np.ndarray) -> np.ndarray:
        return np.stack([_tile(image[0], integrated, probability)[None] for image in batch])

    # The spectra come in the order of the stage's own blobs.
    mapper = Oracle(find, IntegratedImage(), ProbabilityMap())
    boxes = [blob.box for blob in FindBlobs(mapper, BlobSettings(split=split)).find(probability)]

    def denoise(batch: np.ndarray) -> np.ndarray:
        assert len(batch) == len(boxes)
        return np.stack([clean_spectrum(box) for box in boxes])

    def clean_spectrum(box: Box) -> np.ndarray:
        if clean is not None:
            return clean
        seen = [s for s in sources if leaks or box.contains(s.x, s.y)]
        lines = [gaussian_1d(chan, s.channel, s.fwhm_chan) for s in seen]
        return np.max([np.zeros(chan, np.float32), *lines], axis=0)

    def sizes(batch: np.ndarray) -> np.ndarray:
        return np.full((len(batch), 1), sources[0].fwhm_px / 10 if sources else 1.0)

    def angles(batch: np.ndarray) -> np.ndarray:
        return np.tile(elongation_vector(6.0, 5.9, 40.0), (len(batch), 1))

    def fluxes(batch: np.ndarray) -> np.ndarray:
        # Flux is the sum divided by the beam area; the mask leaves out a known fraction of it.
        area = BEAM_PX**2 * np.pi / (4 * np.log(2))
        inside = 1.0
        if sources:
            inside -= BOX_FRACTION ** (
                (DILATION * sources[0].fwhm_px / sources[0].observed_px) ** 2
            )
        sums = batch.sum(axis=(1, 2, 3)) / area / inside
        return np.log(np.maximum(sums, 1e-9))[:, None]

    return SixNetworks(
        blobs_finder=mapper,
        deep_gru=Oracle(denoise, BoxSpectrum(), LineProbability()),
        major=Oracle(sizes, FocusedImage(), Fwhm("major")),
        minor=Oracle(sizes, FocusedImage(), Fwhm("minor")),
        angle=Oracle(angles, FocusedImage(), Elongation()),
        flux=Oracle(fluxes, MaskedLineImage(), LogFlux()),
    )


def _tile(image: np.ndarray, whole: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The part of the map that corresponds to a (zero-padded) tile of the normalised image."""
    tile = image.shape[0]
    padded = np.pad(whole, tile)
    answer = np.pad(probability, tile)
    anchor = np.unravel_index(np.argmax(np.abs(image)), image.shape)
    for y, x in np.argwhere(padded == image[anchor]):
        y0, x0 = y - anchor[0], x - anchor[1]
        part = padded[y0 : y0 + tile, x0 : x0 + tile]
        if part.shape == image.shape and np.array_equal(part, image):
            return answer[y0 : y0 + tile, x0 : x0 + tile]
    return np.zeros_like(image)
