"""A `Telescope`: an observation's dirty and primary beams, computed once, used for many skies.

Beams differ between channels only by frequency scaling, so they are computed at a few frequencies
(`nodes`: both ends and the middle of the paper's band, more for wider bands). The dirty image of a
sky component is interpolated between these with Lagrange polynomials. Ignoring the scaling costs
4e-3 of the peak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from astropy import units as u
from astropy.constants import c
from scipy.fft import next_fast_len, rfft2

from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.kept import kept
from deepfocus.core.memory import require_memory
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.nodes import node_channels
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES, BlockedAiry, primary_beam_image
from deepfocus.instrument.sampling import (
    cell_and_size,
    on_grid,
    primary_beam_width_arcsec,
)
from deepfocus.instrument.tracks import elevation_rad, transit_times, uvw_m
from deepfocus.instrument.transforms import convolved
from deepfocus.instrument.weighting import Weighting, beam_image
from deepfocus.ops.fitted_beam import fit_beam
from deepfocus.ops.lagrange import lagrange

C_M_S = c.to_value(u.m / u.s)
LOWEST_ELEVATION_DEG = 10.0
"""CASA's simulator flags data taken below it."""
GRIDDING_BYTES_PER_PIXEL = 155
"""Memory per image pixel to compute a dirty beam: it is gridded at twice the image side, on a finer
grid still, in double precision. Measured at 1024 and 2048 px."""


@dataclass(frozen=True, eq=False)
class Telescope:
    """Beams and uv samples of one observation on one grid.

    uv_m : (row, 2) u and v of every integration and baseline, metres
    node_channels : (k,) channels at which the beams are known; node_hz : their frequencies
    dirty_beam : (k, 2 size, 2 size) for lags -size..size-1, peak 1 at [size, size]
    primary_beam : (k, size, size)
    """

    grid: Grid
    uv_m: np.ndarray
    weighting: Weighting
    node_channels: np.ndarray
    node_hz: np.ndarray
    dirty_beam: np.ndarray
    primary_beam: np.ndarray

    @property
    def size(self) -> int:
        return self.grid.nx

    @cached_property
    def transfer(self) -> np.ndarray:
        """(k, n, n // 2 + 1) Fourier transform of the dirty beams on the padded grid."""
        n = self.padded_size
        kernel = np.zeros((n, n), np.float32)
        rows = np.arange(-self.size + 1, self.size) % n
        transfer = np.empty((len(self.node_hz), n, n // 2 + 1), np.complex64)
        for node, beam in enumerate(self.dirty_beam):
            kernel[rows[:, None], rows[None, :]] = beam[1:, 1:]
            transfer[node] = rfft2(kernel)
        return transfer

    def weights(self, frequency_hz: float) -> np.ndarray:
        """(row,) weight of every sample at a frequency; 0 beyond the imager's uv grid."""
        cell = np.deg2rad(self.grid.cell_arcsec / 3600.0)
        cycles = self.uv_m * frequency_hz / C_M_S * cell
        inside = on_grid(cycles, self.size)
        weights = np.zeros(len(cycles))
        cells = cycles[inside] * self.size
        weights[inside] = self.weighting(cells[:, 0], cells[:, 1], self.size)
        return weights

    @property
    def padded_size(self) -> int:
        """Grid side for which circular and linear convolution are equal within the image."""
        side: int = next_fast_len(2 * self.size, real=True)
        return side

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
        hz = self.node_hz[len(self.node_hz) // 2]
        cycles = self.uv_m * hz / C_M_S * np.deg2rad(self.grid.cell_arcsec / 3600.0)
        weights = self.weights(hz) ** 2
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
        )

    def dirty_components(self, images: np.ndarray) -> np.ndarray:
        """Dirty image of each component at the nodes.

        images : (component, y, x) sky of each, Jy/pixel at unit spectrum, the same at all
            nodes; or (component, k, y, x), one for each node
        Returns (component, k, y, x) in Jy/beam: dirty = PSF (x) (sky * PB), SIN, w = 0.
        """
        nodes = len(self.node_hz)
        dirty = np.empty((len(images), nodes, self.size, self.size), np.float32)
        # plane by plane: all at once would take several times the memory and miss the CPU caches
        for part, node in np.ndindex(len(images), nodes):
            image = images[part, node] if images.ndim == 4 else images[part]
            through_beam = (image * self.primary_beam[node]).astype(np.float32, copy=False)
            dirty[part, node] = convolved(through_beam, self.transfer[node])
        return dirty

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


@dataclass(frozen=True, eq=False)
class Coverage:
    """The uv coverage of one observation.

    observation : with cell and size, chosen if they were not given
    uv_m : (row, 2) u and v of every integration and baseline, metres
    response : primary beam of its dishes
    """

    observation: Observation
    uv_m: np.ndarray
    response: BlockedAiry


@lru_cache(maxsize=16)
def coverage(observation: Observation) -> Coverage:
    """The uv samples, cell and size of an observation: everything before its beams.

    Raises `DeepFocusError` if the cell is too coarse for the configuration, the source is too
    low, or the array mixes dishes.
    """
    array = antennas(observation.configuration)
    diameters = set(np.unique(array.diameter_m))
    if len(diameters) != 1 or not diameters <= set(DISHES):
        raise DeepFocusError(
            f"dishes of {sorted(map(float, diameters))} m in {array.name}",
            wanted="an array of 12 m or of 7 m dishes",
            remedy="simulate each kind of dish on its own",
        )
    ra_deg, dec_deg = observation.ra.to_value(u.deg), observation.dec.to_value(u.deg)
    times = track_times(observation)
    _check_elevation(observation, times)
    uv = uvw_m(array, ra_deg=ra_deg, dec_deg=dec_deg, mjd_utc=times)[..., :2].reshape(-1, 2)
    response = DISHES[diameters.pop()]
    sampled = _with_cell_and_size(observation, uv, response)
    return Coverage(observation=sampled, uv_m=uv, response=response)


def _side_px(observation: Observation) -> int:
    return coverage(observation).observation.size or 0


@kept(_side_px)
def telescope_of(observation: Observation) -> Telescope:
    """The telescope of an observation: tracks, weights, beams. Takes about 1 s, then is kept.

    Raises `DeepFocusError` as `coverage` does, and if the beams do not fit in memory.
    """
    covered = coverage(observation)
    grid = covered.observation.grid()
    weighting = covered.observation.weighting_scheme(grid.nx * grid.cell_arcsec)
    return build_telescope(grid, uv_m=covered.uv_m, weighting=weighting, response=covered.response)


def track_times(observation: Observation) -> np.ndarray:
    """(time,) mid times of the observation's integrations, MJD in UTC."""
    start_s, end_s = observation.track_s
    return transit_times(
        ra_deg=observation.ra.to_value(u.deg),
        dec_deg=observation.dec.to_value(u.deg),
        total_s=end_s - start_s,
        step_s=observation.integration.to_value(u.s),
        middle_s=(start_s + end_s) / 2,
    )


def _check_elevation(observation: Observation, times: np.ndarray) -> None:
    """Raises `DeepFocusError` if the track goes below the lowest elevation."""
    lowest = np.rad2deg(
        elevation_rad(
            ra_deg=observation.ra.to_value(u.deg),
            dec_deg=observation.dec.to_value(u.deg),
            mjd_utc=times,
        ).min()
    )
    if lowest < LOWEST_ELEVATION_DEG:
        where = "below the horizon" if lowest < 0 else f"at an elevation of {lowest:.1f} deg"
        raise DeepFocusError(
            f"a source at declination {observation.dec:g} is {where} during the track",
            wanted=f"at least {LOWEST_ELEVATION_DEG:g} deg throughout",
            remedy="shorten the track, bring it closer to transit, or change the declination",
        )


def _with_cell_and_size(
    observation: Observation, uv_m: np.ndarray, response: BlockedAiry
) -> Observation:
    """The observation with cell and size, chosen if not given, and with its cell checked."""
    freq_hz = observation.freq_hz
    middle_hz, lowest_hz = float(np.median(freq_hz)), float(freq_hz.min())
    given = observation.cell
    cell, size, _ = cell_and_size(
        uv_m * middle_hz / C_M_S,
        covered_arcsec=primary_beam_width_arcsec(response, lowest_hz),
        cell_arcsec=None if given is None else given.to_value(u.arcsec),
        size=observation.size,
        weighting=observation.weighting_scheme,
    )
    return replace(observation, cell=cell * u.arcsec if given is None else given, size=size)


def build_telescope(
    grid: Grid, *, uv_m: np.ndarray, weighting: Weighting, response: BlockedAiry
) -> Telescope:
    """The telescope on `grid`, with the beams of these uv samples (metres).

    Raises `DeepFocusError` if the beams do not fit in memory.
    """
    nodes = node_channels(
        grid.freq_hz,
        longest_m=float(np.hypot(*uv_m.T).max()),
        half_field_rad=float(np.deg2rad(grid.nx * grid.cell_arcsec / 3600 / 2)),
    )
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
            uv_m * hz / C_M_S, size=n, cell_arcsec=grid.cell_arcsec, weighting=weighting
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
    )


def dirty_beam(
    uv_wavelengths: np.ndarray, *, size: int, cell_arcsec: float, weighting: Weighting
) -> np.ndarray:
    """Dirty beam (2 size, 2 size) at lags -size..size-1 px, peak 1 at [size, size].

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
    weights = weighting(u_cycles * size, v_cycles * size, size)
    return beam_image(np.stack([u_cycles, v_cycles], axis=1), weights, 2 * size)
