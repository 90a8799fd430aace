"""Total power: single dishes map the field, and their map is a few visibilities more.

As TP2VIS does (Koda et al. 2019, PASP 131, 054505), the map is deconvolved by the dish's beam,
multiplied by the array's primary beam and transformed: samples of the array's own uv plane, from
zero to less than a diameter. They are imaged together with the array's. Of arrays with two kinds of
dish it is the wider primary beam, so that what only the smaller dishes see has its zero spacing.

A map P = A * I of beam A, solid angle Omega, has the transform Omega M(u) V(u): M, the beam's own
transform, is the autocorrelation of the aperture. Noise of power N per unit of uv area, white, is
N / (Omega M)^2 in V. So a sample of a cell Delta u of half of the uv plane has

    sigma = sqrt(N / 2) / (Omega M Delta u),    N = s^2 Omega_map / (dishes time),

with s the noise of one dish in a second. TP2VIS has visibilities of one weight, whose number falls
with uv distance as a Gaussian; here their weights are those of the noise, in proportion to M^2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from astropy import units as u
from scipy.constants import c

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.dishes import DISHES as RECEIVING
from deepfocus.instrument.dishes import visibility_noise_jy
from deepfocus.instrument.primary_beam import DISHES

DISH_M = 12.0
TIMES = {12.0: 11.9, 7.0: 1.7}
"""Time of total power over that of an array of 12 m (C-1) or 7 m dishes: ALMA's, Proposer's Guide,
time multipliers of array combinations."""
STEP_M = 0.2
"""Of the samples: their beam comes again after lambda / STEP_M, far beyond the image."""
LEAST_RESPONSE = 0.05
"""Of the dish at the longest of its spacings, 9.3 m: deconvolution ends there."""


@dataclass(frozen=True)
class TotalPower:
    """Single dishes of 12 m that map the field, imaged with the arrays.

    dishes : that map at the same time, each all of the map
    time : spent on the map; ALMA's ratio to the observation's own track if not given: 11.9 with
        12 m dishes, 1.7 with 7 m dishes. The reference position adds no noise
    width : side of the square that is mapped; if not given, the arrays' primary beam down to 0.2
        and lambda / (2 D) more at either side
    """

    dishes: int = 3
    time: u.Quantity | None = None
    width: u.Quantity | None = None

    def __post_init__(self) -> None:
        if self.dishes < 1:
            raise DeepFocusError(
                f"dishes = {self.dishes}",
                wanted="1 or more",
                remedy="correct [observation.total_power], or leave it out",
            )
        for name, unit, example in (("time", u.s, "6 h"), ("width", u.arcsec, "60 arcsec")):
            value = getattr(self, name)
            if value is None:
                continue
            if not (value.isscalar and value.unit.is_equivalent(unit) and value > 0):
                raise DeepFocusError(
                    f"{name} = {value} in [observation.total_power]",
                    wanted=f"one positive value in {unit}",
                    remedy=f"write it as '{example}'",
                )

    def given(self, *, track_s: float, dish_m: float, field_arcsec: float, hz: float) -> TotalPower:
        """With all that was left out.

        track_s : of the observation's first execution, with dishes of `dish_m`
        field_arcsec : width of the arrays' field; hz : the middle of the band
        Raises `DeepFocusError` for a map narrower than the field.
        """
        if self.width is not None and self.width < field_arcsec * u.arcsec:
            raise DeepFocusError(
                f"a map of {self.width:g} for a field of {field_arcsec:.1f} arcsec",
                wanted="at least the arrays' primary beam down to 0.2",
                remedy="leave width out of [observation.total_power], or raise it",
            )
        margin = np.rad2deg(c / hz / DISH_M) * 3600
        time = track_s * TIMES[dish_m] * u.s if self.time is None else self.time
        width = (field_arcsec + margin) * u.arcsec if self.width is None else self.width
        return replace(self, time=time, width=width)


@dataclass(frozen=True, eq=False)
class Mapped:
    """Visibilities of a map.

    uv_m : (row, 2) u and v in metres, evenly over half of a disc of the uv plane
    response : (row,) M, of the dish
    map_rad : side of the map; dish_s : seconds of all dishes together
    """

    uv_m: np.ndarray
    response: np.ndarray
    map_rad: float
    dish_s: float

    @staticmethod
    def of(total_power: TotalPower) -> Mapped:
        """Those of total power whose time and width are given."""
        assert total_power.time is not None
        assert total_power.width is not None
        diameter = DISHES[DISH_M].effective_m
        upper = (np.arange(np.ceil(diameter / STEP_M)) + 0.5) * STEP_M
        across = np.concatenate([-upper[::-1], upper])
        uv_m = np.stack(np.meshgrid(across, upper), axis=-1).reshape(-1, 2)
        response = aperture_autocorrelation(np.hypot(*uv_m.T) / diameter)
        heard = response >= LEAST_RESPONSE
        return Mapped(
            uv_m=uv_m[heard],
            response=response[heard],
            map_rad=float(total_power.width.to_value(u.rad)),
            dish_s=float(total_power.dishes * total_power.time.to_value(u.s)),
        )

    def noise_jy(self, tsys_k: np.ndarray, *, freq_hz: np.ndarray, width_hz: float) -> np.ndarray:
        """Noise where the dish's response is 1, that of a row times its response.

        Of the real or imaginary part of one polarisation, Jy; `tsys_k` and `freq_hz` broadcast.
        """
        # s^2 / 2, of one dish: what two have as an interferometer of a second
        second = visibility_noise_jy(
            tsys_k, dish=RECEIVING[DISH_M], freq_hz=freq_hz, width_hz=width_hz, integration_s=1.0
        )
        # Omega Delta u, with Omega = lambda^2 / area
        area_m2 = np.pi / 4 * DISHES[DISH_M].effective_m ** 2
        noise: np.ndarray = (
            second * self.map_rad / np.sqrt(self.dish_s) * area_m2 / (c / freq_hz * STEP_M)
        )
        return noise


def aperture_autocorrelation(diameters: np.ndarray) -> np.ndarray:
    """Of an evenly lit round aperture with itself, 1 at no shift; `diameters` : the shift."""
    shift = np.minimum(diameters, 1.0)
    overlap: np.ndarray = 2 / np.pi * (np.arccos(shift) - shift * np.sqrt(1 - shift**2))
    return overlap


def check_image(size: int, cell_arcsec: float, *, highest_hz: float) -> None:
    """Raises `DeepFocusError` if the samples' beam came again within the image."""
    side = size * cell_arcsec
    most = np.rad2deg(c / highest_hz / STEP_M) * 3600 / 2
    if side > most:
        raise DeepFocusError(
            f"an image of {side:.0f} arcsec with total power",
            wanted=f"at most {most:.0f} arcsec, some 25 primary beams",
            remedy="give a smaller size or cell",
        )
