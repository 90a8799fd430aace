"""Errors of the antennas' gains: phases that follow the air above them, amplitudes that are off.

An antenna's gain is the same for every source in the field and, over one band, for every channel.
A visibility of antennas i and j is multiplied by g_i g_j*, wherever the source is. So the dirty
image is the sky convolved with another beam, that of the weights times g_i g_j*. Of several arrays
or pointings, each field's part of it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import finufft
import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.kept import kept
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.fields import Field
from deepfocus.instrument.telescope import Telescope
from deepfocus.instrument.transforms import transfer_of
from deepfocus.simulation.faults.calibration import Calibration, Uncalibrated
from deepfocus.simulation.faults.screen import Turbulence
from deepfocus.simulation.faults.track import Track
from deepfocus.simulation.view import View

UNITS = {"phase_rms": u.deg, "baseline": u.m, "outer_scale": u.m, "wind": u.m / u.s}
ACCURACY, COARSE_GRID = 1e-5, 1.25
"""Of the transform: finer grids take twice as long for digits that float32 does not hold."""


@dataclass(frozen=True)
class Gains:
    """Gain errors of the antennas.

    phase_rms : of the phase between two antennas at the distance `baseline`, before `calibration`
    outer_scale : of the turbulence, beyond which phases between antennas no longer grow
    wind : speed at which the frozen screen moves; its direction differs from cube to cube
    calibration : what is taken out of the phases
    amplitude_rms : of each antenna's gain, constant over the track

    Defaults: phases grow to about a kilometre, as Matsushita et al. (2017, PASP 129, 035004) find
    at ALMA. The screen is seen towards the zenith.
    """

    phase_rms: u.Quantity = 30 * u.deg
    baseline: u.Quantity = 300 * u.m
    outer_scale: u.Quantity = 6 * u.km
    wind: u.Quantity = 10 * u.m / u.s
    calibration: Calibration = field(default_factory=Uncalibrated)
    amplitude_rms: float = 0.05

    def __post_init__(self) -> None:
        for name, unit in UNITS.items():
            value = getattr(self, name)
            if not (value.isscalar and value.unit.is_equivalent(unit) and value >= 0 * unit):
                raise DeepFocusError(
                    f"{name} = {value}", wanted=f"0 or more, in {unit}", remedy="correct it"
                )
        if not (self.baseline > 0 * u.m and self.outer_scale > 0 * u.m and self.amplitude_rms >= 0):
            raise DeepFocusError(
                f"baseline {self.baseline}, outer scale {self.outer_scale}, "
                f"amplitude_rms {self.amplitude_rms:g}",
                wanted="lengths above 0, and an rms of 0 or more",
                remedy="correct them in [faults.gains]",
            )

    @property
    def turbulence(self) -> Turbulence:
        """The statistics of the phases before calibration."""
        return Turbulence(
            rms_rad=float(self.phase_rms.to_value(u.rad)),
            at_m=float(self.baseline.to_value(u.m)),
            outer_m=float(self.outer_scale.to_value(u.m)),
        )

    def drawn(self, track: Track, rng: np.random.Generator) -> np.ndarray:
        """(antenna, time) complex gains of one cube's track."""
        screen = self.turbulence.drawn(float(self.wind.to_value(u.m / u.s)), rng)
        phase = self.calibration.left(
            lambda time_s: screen.phase_rad(track.ground_m, time_s), track.time_s
        )
        amplitude = 1 + self.amplitude_rms * rng.standard_normal((len(phase), 1))
        gains: np.ndarray = amplitude * np.exp(1j * phase)
        return gains


def products_of(
    gains: Gains, tracks: Sequence[Track], *, rows: int, rng: np.random.Generator
) -> np.ndarray:
    """(row,) what the gains of one cube's tracks make of its visibilities.

    Every track has gains of its own, as on another day. What is beyond the tracks is total power,
    of which nothing changes.
    """
    of_tracks = [track.of_samples(gains.drawn(track, rng)) for track in tracks]
    products = np.ones(rows, complex)
    products[: sum(map(len, of_tracks))] = np.concatenate(of_tracks)
    return products


def through_gains(view: View, products: np.ndarray) -> View:
    """The view of data whose visibilities have these factors (row,)."""
    telescope = view.observed
    if telescope.fields:
        return view.through_fields(fields_through_gains(telescope, products))
    return view.through_beam(beam_through_gains(telescope, products))


def beam_through_gains(telescope: Telescope, products: np.ndarray) -> np.ndarray:
    """(k, 2 size, 2 size) image of a point of 1 Jy whose visibilities have these factors (row,).

    sum w Re g_i g_j* exp(-2 pi i (u l + v m)) / sum w; the dirty beam where all factors are 1
    """
    (samples,) = _samples(telescope)
    return _images(samples, products, side=2 * telescope.size)


def fields_through_gains(telescope: Telescope, products: np.ndarray) -> tuple[Field, ...]:
    """The fields of a telescope, each with the beam that it then has; what it sees stays."""
    beams = (_images(each, products, side=2 * telescope.size) for each in _samples(telescope))
    return tuple(
        replace(field, transfer=np.stack([transfer_of(beam) for beam in of_field]))
        for field, of_field in zip(telescope.fields, beams, strict=True)
    )


def _images(samples: Sequence[_Samples], products: np.ndarray, *, side: int) -> np.ndarray:
    """(k, side, side) images of a point of 1 Jy, of the samples at each node."""
    images = np.empty((len(samples), side, side), np.float32)
    for image, each in zip(images, samples, strict=True):
        image[:] = finufft.nufft2d1(
            each.along_y,
            each.along_x,
            each.weights * products[each.rows],
            (side, side),
            eps=ACCURACY,
            upsampfac=COARSE_GRID,
            isign=-1,
            nthreads=1,
        ).real
    return images


@dataclass(frozen=True, eq=False)
class _Samples:
    """Samples at one node: phases per pixel along y and x, weights that sum to 1, which rows."""

    along_y: np.ndarray
    along_x: np.ndarray
    weights: np.ndarray
    rows: np.ndarray


@kept(lambda telescope: telescope.size)
def _samples(telescope: Telescope) -> Sequence[Sequence[_Samples]]:
    """At each node, of each field if there are several; the same in all cubes of a set."""
    cell = np.deg2rad(telescope.grid.cell_arcsec / 3600.0)
    every = [field.rows for field in telescope.fields] or [np.arange(len(telescope.uv_m))]
    of_fields: list[list[_Samples]] = [[] for _ in every]
    for hz in telescope.node_hz:
        weights = telescope.weights(hz)
        for rows, nodes in zip(every, of_fields, strict=True):
            used = rows[weights[rows] > 0]
            along_x, along_y = 2 * np.pi * (telescope.uv_m[used] * hz / C_M_S * cell).T
            # image x grows to the west
            own = weights[used] / weights[used].sum()
            nodes.append(_Samples(along_y.copy(), -along_x, own, used))
    return of_fields
