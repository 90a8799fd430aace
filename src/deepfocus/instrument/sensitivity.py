"""Noise in physical units: system temperature, radiometer equation, rms of the dirty image.

Efficiencies and receiver temperatures come from CASA 6.7's simulator (`simutil.noisetemp`). The
form of Tsys follows its `tsys-atm` mode and the sensitivity chapter of the ALMA Technical
Handbook. Physical temperatures are converted to Rayleigh-Jeans temperatures with Planck's law;
receiver temperatures already are Rayleigh-Jeans. Opacities are from CASA's ATM for the ALMA site:
a dry part, and a wet part linear in PWV. docs/casa-parity.md lists the differences from CASA.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources

import numpy as np
from astropy import units as u
from astropy.constants import h, k_B

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.coverage import Coverage, Executed, track_times
from deepfocus.instrument.dishes import DISHES, SPILLOVER, visibility_noise_jy
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope
from deepfocus.instrument.total_power import Mapped
from deepfocus.instrument.tracks import elevation_rad

BAND_FROM_GHZ = (35.0, 50.0, 84.0, 116.0, 162.0, 211.0, 275.0, 373.0, 500.0, 720.0)
RECEIVER_K = (28.0, 30.0, 40.0, 42.0, 50.0, 50.0, 72.0, 135.0, 105.0, 230.0)
"""Receiver temperatures of bands 1 to 10, and the start of each band (CASA's simulator)."""
DOUBLE_SIDEBAND_FROM_GHZ = 600.0
"""Bands 9 and 10 receive both sidebands: the noise of the image band doubles Tsys.

`setnoise(rxtype=1)` and `simutil.sensitivity` do the same; the task simobserve omits it.
"""
TABLE_PWV_MM = 0.8
WET_AIR_K = 258.7
DRY_AIR_COOLER_K = 14.0
OPAQUE_DEPTH = 2.7
"""Parameters of the air's temperature (see `_air_k`), fitted to the sky brightness of CASA's ATM:
36 to 949 GHz, PWV 0.3 to 5 mm, airmass 1 to 2."""
GROUND_K = 270.0
CMB_K = 2.725
POLARISATIONS = 2


def opacity(freq_hz: np.ndarray, *, pwv_mm: float) -> np.ndarray:
    """Zenith opacity. Raises `DeepFocusError` outside 30 to 970 GHz."""
    f, dry, wet = _opacity_table()
    ghz = np.asarray(freq_hz, float) / 1e9
    if ghz.min() < f[0] or ghz.max() > f[-1]:
        raise DeepFocusError(
            f"no atmosphere is known at {ghz.min():g} to {ghz.max():g} GHz",
            wanted=f"frequencies within {f[0]:g} to {f[-1]:g} GHz",
            remedy="correct the frequencies, or give target_snr in place of pwv",
        )
    tau: np.ndarray = np.interp(ghz, f, dry) + pwv_mm / TABLE_PWV_MM * np.interp(ghz, f, wet)
    return tau


def system_temperature_k(
    freq_hz: np.ndarray, *, pwv_mm: float, airmass: np.ndarray | float = 1.0
) -> np.ndarray:
    """Tsys above the atmosphere, K; `freq_hz` and `airmass` broadcast.

    Tsys = g e^tau [Trx + s J(Tair) (1 - e^-tau) + (1 - s) J(Tground) + s e^-tau J(Tcmb)],
    where s is the spillover efficiency, and g is 2 for double sideband receivers, else 1.
    """
    freq_hz = np.asarray(freq_hz, float)
    dry = opacity(freq_hz, pwv_mm=0.0) * airmass
    tau = opacity(freq_hz, pwv_mm=pwv_mm) * airmass
    # a frequency on the border belongs to the lower band, as in CASA
    band = np.maximum(np.searchsorted(BAND_FROM_GHZ, freq_hz / 1e9) - 1, 0)
    receiver = np.array(RECEIVER_K)[band]
    sidebands = np.where(freq_hz > DOUBLE_SIDEBAND_FROM_GHZ * 1e9, 2.0, 1.0)
    sky = SPILLOVER * _radiation_k(_air_k(dry, tau), freq_hz) * -np.expm1(-tau)
    ground = (1 - SPILLOVER) * _radiation_k(GROUND_K, freq_hz)
    cosmic = SPILLOVER * np.exp(-tau) * _radiation_k(CMB_K, freq_hz)
    tsys_k: np.ndarray = sidebands * np.exp(tau) * (receiver + sky + ground + cosmic)
    return tsys_k


@lru_cache(maxsize=16)
def thermal_rms_jy_beam(covered: Coverage, telescope: Telescope, pwv_mm: float) -> np.ndarray:
    """(chan,) rms of the dirty cube's thermal noise, Jy/beam, with the observation's weighting.

    telescope : the one of that coverage

    sqrt(sum w^2 sigma^2) / sum w / sqrt(polarisations), where the response is 1. sigma follows the
    elevation along each track. Weights do not: CASA's simulated visibilities of one array all have
    equal weight before imaging.
    """
    freq_hz = telescope.grid.freq_hz
    nearest = np.abs(freq_hz[:, None] - telescope.node_hz).argmin(axis=1)
    executions = covered.executions
    ends = np.cumsum([execution.samples for execution in executions])
    at_nodes = [telescope.weights(hz) for hz in telescope.node_hz]
    total = [weights.sum() for weights in at_nodes]
    counted = [weights * telescope.level_gain(node) for node, weights in enumerate(at_nodes)]
    variance = np.zeros(len(freq_hz))
    for number, execution in enumerate(executions):
        seen = execution.observation
        elevation = _elevations_rad(seen)
        airmass = 1 / np.sin(elevation)
        tsys = system_temperature_k(freq_hz[:, None], pwv_mm=pwv_mm, airmass=airmass)
        sigma = visibility_noise_jy(
            tsys * execution.tsys_ratio,
            dish=DISHES[execution.dish_m],
            freq_hz=freq_hz[:, None],
            width_hz=abs(seen.channel_width.to_value(u.Hz)),
            integration_s=seen.integration.to_value(u.s),
        )
        squared = [
            (np.split(weights, ends)[number].reshape(len(elevation), -1) ** 2).sum(axis=1)
            for weights in counted
        ]
        variance += (sigma**2 * np.array(squared)[nearest]).sum(axis=1)
    if covered.mapped is not None:
        of_map = [np.split(weights, ends)[-1] / covered.mapped.response for weights in counted]
        squared_noise = _squared_noise_of_map(covered.mapped, executions[0], freq_hz, pwv_mm)
        variance += squared_noise * np.array([weights @ weights for weights in of_map])[nearest]
    rms: np.ndarray = np.sqrt(variance / POLARISATIONS) / np.array(total)[nearest]
    return rms


def _squared_noise_of_map(
    mapped: Mapped, first: Executed, freq_hz: np.ndarray, pwv_mm: float
) -> np.ndarray:
    """(chan,) variance of a visibility of a map whose dish's response is 1, Jy^2.

    The map is taken at the mean airmass of the first execution.
    """
    airmass = np.mean(1 / np.sin(_elevations_rad(first.observation)))
    noise = mapped.noise_jy(
        system_temperature_k(freq_hz, pwv_mm=pwv_mm, airmass=airmass),
        freq_hz=freq_hz,
        width_hz=abs(first.observation.channel_width.to_value(u.Hz)),
    )
    return noise**2


def _elevations_rad(observation: Observation) -> np.ndarray:
    """(time,) elevations along the track of one execution."""
    return elevation_rad(
        ra_deg=observation.ra.to_value(u.deg),
        dec_deg=observation.dec.to_value(u.deg),
        mjd_utc=track_times(observation),
    )


def _air_k(dry: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Effective physical temperature of the air, K, from the dry and the total optical depth.

    Water vapour is low and warm; the absorbers of dry air (oxygen, ozone) are higher and colder.
    The more opaque the air, the lower the layers that are seen, down to the ground.
    """
    thin = WET_AIR_K - DRY_AIR_COOLER_K * dry / tau
    effective_k: np.ndarray = thin + (GROUND_K - WET_AIR_K) * -np.expm1(-tau / OPAQUE_DEPTH)
    return effective_k


def _radiation_k(temperature_k: np.ndarray | float, freq_hz: np.ndarray) -> np.ndarray:
    """Rayleigh-Jeans equivalent of a physical temperature, K (Planck)."""
    quantum_k = h.value * freq_hz / k_B.value
    radiation_k: np.ndarray = quantum_k / np.expm1(quantum_k / temperature_k)
    return radiation_k


@cache
def _opacity_table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    file = resources.files(__package__).joinpath("data", "atmosphere_opacity.npz")
    with resources.as_file(file) as path, np.load(path) as table:
        return tuple(table[name].astype(float) for name in ("f", "dry", "wet"))
