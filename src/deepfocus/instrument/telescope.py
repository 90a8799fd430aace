"""A `Telescope`: an observation's dirty and primary beams, computed once, used for many skies.

Beams differ between channels only by frequency scaling, so they are computed at a few frequencies
(`nodes`: both ends and the middle of the paper's band, more for wider bands). The dirty image of a
sky component is interpolated between these with Lagrange polynomials. Ignoring the scaling costs
4e-3 of the peak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.kept import kept
from deepfocus.core.memory import require_memory
from deepfocus.core.node_weights import lagrange
from deepfocus.instrument.coverage import C_M_S, Coverage, coverage
from deepfocus.instrument.fields import Field, Samples, together
from deepfocus.instrument.nodes import node_channels
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import BlockedAiry, primary_beam_image
from deepfocus.instrument.sampling import on_grid
from deepfocus.instrument.transforms import convolved, transfer_of
from deepfocus.instrument.weighting import Weighting, beam_image
from deepfocus.ops.fitted_beam import fit_beam

GRIDDING_BYTES_PER_PIXEL = 155
"""Memory per image pixel to compute a dirty beam: it is gridded at twice the image side, on a finer
grid still, in double precision. Measured at 1024 and 2048 px."""
FLAT = 1e-5
"""Relative variation of the noise over the field below which it is taken as none."""
FIELD_BYTES_PER_PIXEL = 96
"""Memory per image pixel and node of each field of several while they are put together: transfer
and natural beam 16 each, primary beam and gains 4 each, all of it twice, and a primary beam in
double precision."""


@dataclass(frozen=True, eq=False)
class Telescope:
    """Beams and uv samples of one observation on one grid.

    uv_m : (row, 2) u and v of every integration and baseline, metres
    node_channels : (k,) channels at which the beams are known; node_hz : their frequencies
    dirty_beam : (k, 2 size, 2 size) for lags -size..size-1, peak 1 at [size, size]
    primary_beam : (k, size, size)
    visibility_weights : (row,) weight of each sample from its own noise; None if they are the same
    fields : the kinds of dish and the pointings, if there are several; `dirty_beam` is then that
        where the response is 1, and `primary_beam` the response of all together
    noise_pattern : (size, size) standard deviation of its noise over that where the response is 1;
        None if it is flat
    noise_beam : (size, size) autocorrelation of the noise of several fields; None of one
    """

    grid: Grid
    uv_m: np.ndarray
    weighting: Weighting
    node_channels: np.ndarray
    node_hz: np.ndarray
    dirty_beam: np.ndarray
    primary_beam: np.ndarray
    visibility_weights: np.ndarray | None = None
    fields: tuple[Field, ...] = ()
    noise_pattern: np.ndarray | None = None
    noise_beam: np.ndarray | None = None

    @property
    def size(self) -> int:
        return self.grid.nx

    @cached_property
    def transfer(self) -> np.ndarray:
        """(k, n, n // 2 + 1) Fourier transform of the dirty beams on the padded grid."""
        return np.stack([transfer_of(beam) for beam in self.dirty_beam])

    def weights(self, frequency_hz: float) -> np.ndarray:
        """(row,) weight of every sample at a frequency; 0 beyond the imager's uv grid."""
        return self._samples(frequency_hz).weights

    @property
    def weights_mid_band(self) -> np.ndarray:
        """(row,) weight of every sample in the middle of the band."""
        return self.weights(self.node_hz[len(self.node_hz) // 2])

    def noise_weights(self, frequency_hz: float) -> np.ndarray:
        """(row,) variance that every sample adds to the image at a frequency, relative."""
        return self._samples(frequency_hz).noise_weights

    def natural_weights(self, frequency_hz: float) -> np.ndarray:
        """(row,) 1 / sigma^2 of every sample, relative; 0 beyond the imager's uv grid."""
        return self._samples(frequency_hz).own

    def _samples(self, frequency_hz: float) -> Samples:
        own = self.visibility_weights
        return _samples(self.grid, self.uv_m, self.weighting, own, frequency_hz)

    def level_gain(self, node: int) -> np.ndarray | float:
        """(row,) what the noise of samples counts in the image where the response is 1; or 1."""
        if not self.fields:
            return 1.0
        gain = np.empty(len(self.uv_m))
        for field in self.fields:
            gain[field.rows] = field.level[node]
        return gain

    def through(self, dirty_beam: np.ndarray) -> Telescope:
        """One that shows the sky, as attenuated by the primary beam, through another beam."""
        return replace(self, dirty_beam=dirty_beam, fields=())

    @cached_property
    def interpolation(self) -> np.ndarray:
        """(k, chan) Lagrange weights of the nodes at every channel's frequency."""
        return lagrange(self.node_hz, self.grid.freq_hz)

    @cached_property
    def beam(self) -> Beam:
        """Gaussian fitted to the main lobe of the middle dirty beam."""
        n = self.size
        middle = self.dirty_beam[len(self.node_hz) // 2]
        half = n // 2
        return fit_beam(middle[n - half : n + half, n - half : n + half], self.grid.cell_arcsec)

    @cached_property
    def psf(self) -> np.ndarray:
        """(k, size, size) dirty beam as an image product, peak at [size // 2, size // 2]."""
        n = self.size
        start = n - n // 2
        return self.dirty_beam[:, start : start + n, start : start + n]

    def beam_of_squared_weights(self) -> np.ndarray:
        """(size, size) mid-band thermal noise autocorrelation, peak 1 at [size // 2, size // 2]."""
        if self.noise_beam is not None:
            return self.noise_beam
        hz = self.node_hz[len(self.node_hz) // 2]
        cycles = self.uv_m * hz / C_M_S * np.deg2rad(self.grid.cell_arcsec / 3600.0)
        weights = self.noise_weights(hz)
        used = weights > 0
        return beam_image(cycles[used], weights[used], self.size)

    @cached_property
    def one_channel(self) -> Telescope:
        """The same telescope with only the middle channel, for example for one plane of noise."""
        middle = len(self.node_hz) // 2
        grid = replace(self.grid, freq_hz=self.node_hz[middle : middle + 1])
        return replace(
            self,
            grid=grid,
            node_channels=np.array([0]),
            node_hz=grid.freq_hz,
            dirty_beam=self.dirty_beam[middle : middle + 1],
            primary_beam=self.primary_beam[middle : middle + 1],
            fields=tuple(field.at(middle) for field in self.fields),
        )

    def dirty_components(self, images: np.ndarray) -> np.ndarray:
        """Dirty image of each component at the nodes.

        images : (component, y, x) sky of each, Jy/pixel at unit spectrum, the same at all
            nodes; or (component, k, y, x), one for each node
        Returns (component, k, y, x) in Jy/beam: dirty = PSF (x) (sky * PB), SIN, w = 0; of several
        fields, their sum (`instrument.fields`).
        """
        nodes = len(self.node_hz)
        dirty = np.empty((len(images), nodes, self.size, self.size), np.float32)
        # plane by plane: all at once would take several times the memory and miss the CPU caches
        for part, node in np.ndindex(len(images), nodes):
            image = images[part, node] if images.ndim == 4 else images[part]
            dirty[part, node] = self._dirty(image, node)
        return dirty

    def _dirty(self, image: np.ndarray, node: int) -> np.ndarray:
        """(y, x) dirty image of a sky (y, x) at a node."""
        if self.fields:
            joint: np.ndarray = np.sum([field.dirty(image, node) for field in self.fields], axis=0)
            return joint
        through_beam = (image * self.primary_beam[node]).astype(np.float32, copy=False)
        return convolved(through_beam, self.transfer[node])

    def dirty_cube(self, components: np.ndarray, spectra: np.ndarray) -> np.ndarray:
        """Noise-free dirty cube (chan, y, x), Jy/beam.

        components : (component, k, y, x) from `dirty_components`
        spectra : (component, chan) factor for each component
        """
        weights = spectra[:, None, :] * self.interpolation[None]
        flat = components.reshape(-1, components.shape[-2] * components.shape[-1])
        coefficients = weights.reshape(-1, weights.shape[-1]).T.astype(np.float32)
        cube: np.ndarray = (coefficients @ flat).reshape(-1, *components.shape[-2:])
        return cube


def _samples(
    grid: Grid,
    uv_m: np.ndarray,
    weighting: Weighting,
    visibility_weights: np.ndarray | None,
    frequency_hz: float,
) -> Samples:
    """All samples at a frequency."""
    cycles = uv_m * frequency_hz / C_M_S * np.deg2rad(grid.cell_arcsec / 3600.0)
    inside = on_grid(cycles, grid.nx)
    own = None if visibility_weights is None else visibility_weights[inside]
    cells = cycles[inside] * grid.nx
    natural, weights, noise = (np.zeros(len(cycles)) for _ in range(3))
    natural[inside] = 1.0 if own is None else own
    weights[inside] = weighting(cells[:, 0], cells[:, 1], grid.nx, own)
    noise[inside] = weights[inside] ** 2 / natural[inside]
    return Samples(cycles, natural, weights, noise)


def _side_px(observation: Observation) -> int:
    return coverage(observation).observation.size or 0


@kept(_side_px)
def telescope_of(observation: Observation) -> Telescope:
    """The telescope of an observation: tracks, weights, beams. Takes about 1 s, then is kept.

    Raises `DeepFocusError` as `coverage` does, and if the beams do not fit in memory.
    """
    covered = coverage(observation)
    return telescope_covering(covered, covered.observation.grid())


def telescope_covering(covered: Coverage, grid: Grid) -> Telescope:
    """The telescope of a uv coverage, on the grid of its observation.

    Raises `DeepFocusError` if the beams do not fit in memory.
    """
    weighting = covered.observation.weighting_scheme(grid.nx * grid.cell_arcsec)
    if len(covered.fields) > 1 or np.any(covered.offsets_arcsec):
        return _joint_telescope(grid, covered, weighting)
    return build_telescope(
        grid,
        uv_m=covered.uv_m,
        weighting=weighting,
        response=covered.response,
        visibility_weights=covered.visibility_weights,
    )


def _joint_telescope(grid: Grid, covered: Coverage, weighting: Weighting) -> Telescope:
    """The telescope of several kinds of dish or pointings.

    Raises `DeepFocusError` if the beams do not fit in memory.
    """
    nodes, number = _nodes(grid, covered.uv_m), len(covered.fields)
    require_memory(
        (GRIDDING_BYTES_PER_PIXEL + (36 + FIELD_BYTES_PER_PIXEL * number) * len(nodes))
        * grid.nx**2,
        f"the dirty beams of {number} fields of {grid.nx} x {grid.nx} pixels",
        remedy="give a smaller size, a coarser cell, a narrower band or a smaller mosaic",
    )
    node_hz = grid.freq_hz[nodes]
    own = covered.visibility_weights
    samples = [_samples(grid, covered.uv_m, weighting, own, hz) for hz in node_hz]
    joint = together(
        covered.fields, samples, node_hz=node_hz, size=grid.nx, cell_arcsec=grid.cell_arcsec
    )
    flat = np.allclose(joint.noise_pattern, 1, rtol=FLAT, atol=0)
    return Telescope(
        grid=grid,
        uv_m=covered.uv_m,
        weighting=weighting,
        node_channels=nodes,
        node_hz=node_hz,
        dirty_beam=joint.dirty_beam,
        primary_beam=joint.primary_beam,
        visibility_weights=own,
        fields=joint.fields,
        noise_pattern=None if flat else joint.noise_pattern,
        noise_beam=joint.noise_beam,
    )


def _nodes(grid: Grid, uv_m: np.ndarray) -> np.ndarray:
    """(k,) channels at which beams are computed."""
    return node_channels(
        grid.freq_hz,
        longest_m=float(np.hypot(*uv_m.T).max()),
        half_field_rad=float(np.deg2rad(grid.nx * grid.cell_arcsec / 3600 / 2)),
    )


def build_telescope(
    grid: Grid,
    *,
    uv_m: np.ndarray,
    weighting: Weighting,
    response: BlockedAiry,
    visibility_weights: np.ndarray | None = None,
) -> Telescope:
    """The telescope on `grid`, with the beams of these uv samples (metres).

    visibility_weights : (row,) weight of each sample from its own noise; 1 each if not given
    Raises `DeepFocusError` if the beams do not fit in memory.
    """
    nodes = _nodes(grid, uv_m)
    node_hz = grid.freq_hz[nodes]
    n = grid.nx
    # bytes per pixel and node: dirty beam 16, primary beam 4, later the transfer 16
    beams = max(GRIDDING_BYTES_PER_PIXEL + 20 * len(nodes), 36 * len(nodes))
    require_memory(
        beams * n**2,
        f"the dirty beam of an image of {n} x {n} pixels",
        remedy="give a smaller size, a coarser cell or a narrower band",
    )
    dirty = np.empty((len(nodes), 2 * n, 2 * n), np.float32)
    primary = np.empty((len(nodes), n, n), np.float32)
    for node, hz in enumerate(node_hz):
        dirty[node] = dirty_beam(
            uv_m * hz / C_M_S,
            size=n,
            cell_arcsec=grid.cell_arcsec,
            weighting=weighting,
            visibility_weights=visibility_weights,
        )
        primary[node] = primary_beam_image(
            response, size=n, cell_arcsec=grid.cell_arcsec, frequency_hz=hz
        )
    return Telescope(
        grid=grid,
        uv_m=uv_m,
        weighting=weighting,
        node_channels=nodes,
        node_hz=node_hz,
        dirty_beam=dirty,
        primary_beam=primary,
        visibility_weights=visibility_weights,
    )


def dirty_beam(
    uv_wavelengths: np.ndarray,
    *,
    size: int,
    cell_arcsec: float,
    weighting: Weighting,
    visibility_weights: np.ndarray | None = None,
) -> np.ndarray:
    """Dirty beam (2 size, 2 size) at lags -size..size-1 px, peak 1 at [size, size].

    visibility_weights : (row,) weight of each sample from its own noise; 1 each if not given

    PSF(l, m) = sum w cos(2 pi (u l + v m)) / sum w, with l = -x: right ascension grows to the
    left. Samples beyond the imager's uv grid are dropped, as CASA does.
    """
    cell = np.deg2rad(cell_arcsec / 3600.0)
    u_cycles, v_cycles = (uv_wavelengths * cell).T
    inside = on_grid(np.stack([u_cycles, v_cycles], axis=1), size)
    if not inside.any():
        raise DeepFocusError(
            f"a cell of {cell_arcsec:g} arcsec cannot hold any baseline of this array",
            wanted="at least two pixels across the synthesised beam",
            remedy="choose a smaller cell or a more compact configuration",
        )
    u_cycles, v_cycles = u_cycles[inside], v_cycles[inside]
    own = None if visibility_weights is None else visibility_weights[inside]
    weights = weighting(u_cycles * size, v_cycles * size, size, own)
    return beam_image(np.stack([u_cycles, v_cycles], axis=1), weights, 2 * size)
