"""Makes the dirty cube of a measurement set, with PSF and primary beam, as tclean(niter=0) does.

It images a single field and neglects w. Each image channel is imaged at its own frequencies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.constants import c
from scipy.optimize import brentq

from deepfocus import __version__
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.core.memory import require_memory
from deepfocus.core.noise import DirtyBeam, Noise, SquaredWeights
from deepfocus.imaging.beam_channels import beam_channels, unlike_note
from deepfocus.imaging.ms_samples import (
    MsImaging,
    Selected,
    batches,
    frequencies,
    middle_samples,
    read_batch,
    samples_of,
    select,
)
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES, BlockedAiry, primary_beam_image
from deepfocus.instrument.sampling import (
    ARCSEC_PER_RAD,
    cell_and_size,
    primary_beam_width_arcsec,
)
from deepfocus.instrument.visibilities import WeightedSamples, w_phase_rad, weighted_samples
from deepfocus.io.measurement_set import Field
from deepfocus.ops.fitted_beam import fit_beam

BEAM_SIDE = 2
"""Side of the PSF's images, in that of the cube's. Sidelobes are then known between any two places
of the cube; in images of the cube's own size, as tclean makes them, for half of that distance."""
WORKING_BYTES_PER_PIXEL = 400
"""Memory in addition to the cube: the plane being transformed, which is that of a PSF at most, and
three beams of each kind."""
BEAM_BYTES_PER_PIXEL = 52
"""Of a dirty beam, which is made in double precision and stacked, and of a primary beam."""
W_PHASE_RAD = 0.1
"""Phase error from neglecting w, at the primary beam's half power, above which a note warns."""


@dataclass(frozen=True, eq=False)
class Imaged:
    """w_phase_rad : largest phase error at the primary beam's half power from taking w as 0;
    notes : what the user should know."""

    cube: Cube
    w_phase_rad: float
    notes: tuple[str, ...]


def image_measurement_set(
    imaging: MsImaging, report: Callable[[int, int, str], None] | None = None
) -> Imaged:
    """The dirty cube, in Jy/beam, with PSF and primary beam at as few channels as tell the others.

    report : called with the number of channels done, the total, and a text

    Raises `DeepFocusError` if the data cannot make one cube.
    """
    weights = imaging.weights()
    selected = select(imaging)
    freq_hz, specsys, notes = frequencies(selected, imaging.frame)
    response, its_notes = _response(selected)
    sampled = _with_cell_and_size(imaging, selected, weights, response)
    assert sampled.cell_arcsec is not None
    assert sampled.size is not None
    grid = _grid(selected.field, sampled.size, sampled.cell_arcsec, freq_hz, specsys, imaging)
    nodes_of = partial(
        beam_channels,
        freq_hz=freq_hz,
        longest_m=max(float(np.hypot(*tracks.uv_m.T).max()) for tracks in selected.tracks),
        half_field_rad=BEAM_SIDE * grid.nx * grid.cell_arcsec / 2 / ARCSEC_PER_RAD,
    )
    _require_beams(len(nodes_of(np.ones(len(freq_hz)))), grid)
    made = _Imager(selected, grid, weights)
    data, samples, beyond = made.planes(report)
    nodes = nodes_of(samples)
    beams = made.beams(nodes)
    half_power = _half_power_arcsec(response or _rough(selected), selected.freq_hz.min())
    w = max(tracks.w_m for tracks in selected.tracks) * selected.freq_hz.max() / c
    phase = w_phase_rad(w, half_power)
    notes = (*notes, *its_notes, *_w_notes(phase, half_power))
    notes = (*notes, *_blank_notes(data), *unlike_note(samples), *beyond)
    beam = fit_beam(beams[len(nodes) // 2], grid.cell_arcsec)
    _check_image(beam, grid.nx, grid.cell_arcsec)
    primary = None if response is None else _primary_beams(response, selected, nodes, grid)
    cube = Cube(
        data=data,
        grid=grid,
        beam=beam,
        psf=beams,
        psf_channels=nodes,
        primary_beam=primary,
        noise=Noise(DirtyBeam() if weights.counts_all_the_same else SquaredWeights()),
        meta=_provenance(imaging, selected, phase),
    )
    return Imaged(cube=cube, w_phase_rad=phase, notes=notes)


def _response(selected: Selected) -> tuple[BlockedAiry | None, tuple[str, ...]]:
    """The primary beam of the dishes; None, with a note, if it is unknown.

    Raises `DeepFocusError` for dishes of different sizes, which have no common primary beam.
    """
    dishes = selected.dish_m
    if len(dishes) > 1:
        raise DeepFocusError(
            f"the data mix dishes of {', '.join(f'{d:g}' for d in dishes)} m",
            wanted="dishes of one size, so that there is one primary beam",
            remedy="split the antennas of each size with CASA's split(antenna=...), or use "
            "tclean(gridder='mosaic')",
        )
    alma = selected.ms.telescope.upper() in ("ALMA", "ACA", "ALMASD")
    if alma and float(dishes[0]) in DISHES:
        return DISHES[float(dishes[0])], ()
    dish = f"{dishes[0]:g} m dishes of {selected.ms.telescope or 'an unnamed telescope'}"
    return None, (
        f"no primary beam is written: that of {dish} is not known here; put one in "
        "NAME.pb.fits, or its response is taken as 1",
    )


def _rough(selected: Selected) -> BlockedAiry:
    """An approximate primary beam, good enough to choose an image size and to judge w."""
    dish = float(selected.dish_m[0])
    return BlockedAiry(dish_m=dish, effective_m=0.9 * dish, blockage_m=0.06 * dish)


def _half_power_arcsec(response: BlockedAiry, frequency_hz: float) -> float:
    first_null = 1.1 * c / frequency_hz / response.effective_m * ARCSEC_PER_RAD
    return float(
        brentq(lambda theta: float(response(np.array(theta), frequency_hz)) - 0.5, 0.0, first_null)
    )


def _with_cell_and_size(
    imaging: MsImaging, selected: Selected, weights: Observation, response: BlockedAiry | None
) -> MsImaging:
    """The imaging with cell and size chosen if not given, and both checked."""
    lowest_hz = selected.freq_hz.min()
    uv_wavelengths, own = middle_samples(selected)
    cell, size, beam = cell_and_size(
        uv_wavelengths,
        covered_arcsec=primary_beam_width_arcsec(response or _rough(selected), lowest_hz),
        cell_arcsec=imaging.cell_arcsec,
        size=imaging.size,
        weighting=weights.weighting_scheme,
        visibility_weights=own,
    )
    _check_image(beam, size, cell)
    require_memory(
        (4 * len(selected.channels) + WORKING_BYTES_PER_PIXEL) * size**2,
        f"a cube of {len(selected.channels)} x {size} x {size} (channels, y, x)",
        remedy="give a smaller --size or a coarser --cell, or fewer channels with --nchan or "
        "--width",
    )
    return replace(imaging, cell_arcsec=cell, size=size)


def _check_image(beam: Beam, size: int, cell_arcsec: float) -> None:
    """Raises `DeepFocusError` for an image smaller than the beam, or larger than the sky.

    One baseline, or several along one line, make fringes: the beam is endless along them.
    """
    side = size * cell_arcsec
    if beam.major_arcsec > side:
        raise DeepFocusError(
            f"the synthesised beam of {beam.major_arcsec:.3g} x {beam.minor_arcsec:.3g} arcsec "
            f"is longer than the image of {side:.3g} arcsec",
            wanted="baselines in more than one direction, and an image wider than the beam",
            remedy="give a larger --size, or choose data of more antennas or a longer time",
        )
    if side / ARCSEC_PER_RAD > np.sqrt(2):
        raise DeepFocusError(
            f"the corners of an image of {size} pixels of {cell_arcsec:.4g} arcsec lie below the "
            "horizon of its centre",
            wanted="an image of at most 81 degrees, in the projection SIN",
            remedy="give a smaller --size",
        )


def _grid(
    field: Field, size: int, cell_arcsec: float, freq_hz: np.ndarray, specsys: str,
    imaging: MsImaging,
) -> Grid:  # fmt: skip
    grid = tangent_grid(
        ra_deg=field.ra_deg,
        dec_deg=field.dec_deg,
        size=size,
        cell_arcsec=cell_arcsec,
        freq_hz=freq_hz,
    )
    sky = grid.sky.deepcopy()
    assert field.frame is not None
    sky.wcs.radesys = field.frame
    if field.frame == "FK5":
        sky.wcs.equinox = 2000.0
    sky.wcs.set()
    return Grid(
        sky=sky, ny=size, nx=size, freq_hz=freq_hz, rest_hz=imaging.rest_hz, specsys=specsys
    )


@dataclass(frozen=True, eq=False)
class _Imager:
    """Images and dirty beams of single channels."""

    selected: Selected
    grid: Grid
    weights: Observation

    def planes(
        self, report: Callable[[int, int, str], None] | None
    ) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        """(chan, y, x) dirty images, (chan,) how many samples each has, and notes.

        Those that the cell drops count as well: they are more at the upper end of the band.
        """
        data = np.full(self.grid.shape, np.nan, np.float32)
        number, beyond = np.zeros(len(data), int), 0
        for channel, samples in self._samples(np.arange(len(data))):
            if len(samples.weights):
                data[channel] = samples.dirty_image(self.grid.nx)
                number[channel] = len(samples.weights) + samples.beyond_grid
            beyond += samples.beyond_grid
            if report is not None:
                report(channel + 1, len(data), f"channel {channel}")
        if not number.any():
            raise DeepFocusError(
                f"no data of field {self.selected.field.name} are left to image",
                wanted="unflagged data within the uv grid",
                remedy="look at the flags in CASA, or choose a smaller cell",
            )
        return data, number, _beyond_notes(beyond, int(number.sum()))

    def beams(self, channels: np.ndarray) -> np.ndarray:
        """(k, y, x) dirty beams of channels (k,), on twice as many rows and columns."""
        side = BEAM_SIDE * self.grid.nx
        beams = [samples.dirty_beam(side) for _, samples in self._samples(channels)]
        return np.stack(beams).astype(np.float32)

    def _samples(self, channels: np.ndarray) -> Iterator[tuple[int, WeightedSamples]]:
        """Of some channels, in order; of each batch that has some, these are read together."""
        side, cell = self.grid.nx, self.grid.cell_arcsec
        doppler = float(self.grid.freq_hz[0] / self.selected.freq_hz[0])
        weighting = self.weights.weighting_scheme(side * cell)
        for batch in batches(self.selected):
            wanted = [channel for channel in batch if channel in channels]
            read = read_batch(self.selected, wanted)
            for channel in wanted:
                parts = self.selected.channels[channel]
                uv, values, own = samples_of(self.selected, read, parts, doppler)
                yield (
                    channel,
                    weighted_samples(
                        uv, values, own, size=side, cell_arcsec=cell, weighting=weighting
                    ),
                )


def _require_beams(number: int, grid: Grid) -> None:
    """Raises `DeepFocusError` if the images of so many beams do not fit beside the cube."""
    require_memory(
        float((4 * len(grid.freq_hz) + BEAM_BYTES_PER_PIXEL * number) * grid.nx**2),
        f"a cube with {number} dirty beams of {BEAM_SIDE * grid.nx} x {BEAM_SIDE * grid.nx} pixels",
        remedy="give a smaller --size or a coarser --cell, or fewer channels with --nchan",
    )


def _primary_beams(
    response: BlockedAiry, selected: Selected, nodes: np.ndarray, grid: Grid
) -> np.ndarray:
    """(k, y, x) primary beams at the nodes, for the frequencies at the telescope."""
    planes = [
        primary_beam_image(response, size=grid.nx, cell_arcsec=grid.cell_arcsec, frequency_hz=hz)
        for hz in selected.freq_hz[nodes]
    ]
    return np.stack(planes).astype(np.float32)


def _w_notes(phase_rad: float, half_power_arcsec: float) -> tuple[str, ...]:
    if phase_rad <= W_PHASE_RAD:
        return ()
    return (
        f"w is taken as 0: phases are off by up to {phase_rad:.2g} rad at the primary beam's half "
        f"power, {half_power_arcsec:.3g} arcsec from the phase centre; "
        "tclean(gridder='wproject') corrects it",
    )


def _beyond_notes(beyond: int, of: int) -> tuple[str, ...]:
    if not beyond:
        return ()
    return (
        f"{beyond / of:.2g} of the visibilities are of baselines too long for the "
        "cell, and left out, as CASA does; a smaller --cell takes them along",
    )


def _blank_notes(data: np.ndarray) -> tuple[str, ...]:
    blank = np.nonzero(np.isnan(data[:, 0, 0]))[0]
    if not len(blank):
        return ()
    return (f"{len(blank)} of {len(data)} channels have no data and are blank",)


def _provenance(imaging: MsImaging, selected: Selected, phase_rad: float) -> dict[str, object]:
    weighting = {
        "weighting": imaging.weighting,
        "robust": imaging.robust,
        "taper": None if imaging.taper is None else str(imaging.taper),
    }
    return {
        "measurement_set": imaging.vis.name,
        "telescope": selected.ms.telescope,
        "object": selected.field.name,
        "column": selected.column,
        "spw": [window.id for window in selected.windows],
        "start": imaging.start,
        "width": imaging.width,
        **{key: value for key, value in weighting.items() if value is not None},
        **({} if imaging.jackknife is None else {"jackknife": imaging.jackknife}),
        "w_phase_rad": round(phase_rad, 6),
        "version": __version__,
    }
