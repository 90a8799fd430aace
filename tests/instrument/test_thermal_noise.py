"""Thermal noise: exact covariance by linearity, the pruned transform, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units as u
from scipy.fft import irfft2

from deepfocus.core import noise
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.instrument.weighting import beam_image

REACH = 40
ARRAYS: list[dict[str, Any]] = [
    {},
    {"robust": 0.5},
    {"weighting": "uniform"},
    {"taper": 2 * u.arcsec},
    {"configuration": "ACA"},
    {"configuration": "C-1", "size": 128},
]


class OneHot:
    """In place of a generator: 'normals' of which the i-th call has a one in its i-th place."""

    def __init__(self) -> None:
        self.calls, self.size = 0, 0

    def standard_normal(self, size: int, dtype: type) -> np.ndarray:
        out: np.ndarray = np.zeros(size, dtype)
        out[self.calls % size] = 1
        self.calls, self.size = self.calls + 1, size
        return out


def beam_of_squared_weights(seen: Telescope, node: int) -> np.ndarray:
    """(2 REACH + 1, 2 REACH + 1) what the noise's autocorrelation is by definition: exact sums."""
    hz = seen.node_hz[node]
    cycles = seen.uv_m * hz / C_M_S * np.deg2rad(seen.grid.cell_arcsec / 3600.0)
    half = seen.size
    beam = beam_image(cycles, seen.weights(hz) ** 2, 2 * half)
    return beam[half - REACH : half + REACH + 1, half - REACH : half + REACH + 1]


def test_covariance_is_exactly_that_of_the_weights() -> None:
    """Noise is linear in its normals: responses to each of them give the whole covariance."""
    seen = telescope_of(Observation(size=96, channels=1))
    each = OneHot()
    thermal = Thermal(least_px=192)  # coarser than is used: there are fewer normals to go through
    planes = [thermal.draw(seen, each)[0]]  # type: ignore[arg-type]
    planes += [thermal.draw(seen, each)[0] for _ in range(each.size - 1)]  # type: ignore[arg-type]
    responses = np.stack(planes).astype(float)
    # float32 of a thousand terms
    np.testing.assert_allclose((responses**2).sum(axis=0), 1.0, rtol=1e-5)
    middle = responses[:, 48, 48]
    covariance = np.einsum("i,iyx->yx", middle, responses)[48 - 40 : 48 + 41, 48 - 40 : 48 + 41]
    # samples move to the nearest cell of a uv grid that is a factor of 2 finer than the image's
    assert np.abs(covariance - beam_of_squared_weights(seen, 0)).max() < 0.02


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_expected_correlation_of_any_array(array: dict[str, Any]) -> None:
    """Without statistics, at the padding that is used; the dirty beam itself if natural."""
    seen = telescope_of(Observation(channels=3, **array))
    # nearest cells: 0.0075 with uniform weights; 0.012 where 40 px are the ACA's whole image
    limit = 0.013 if array.get("configuration") == "ACA" else 0.009
    n = Thermal().grid_px(seen.size)
    lags = irfft2(Thermal().amplitudes(seen, n)[1].astype(float) ** 2, s=(n, n))
    lags = np.roll(lags / lags[0, 0], (REACH, REACH), axis=(0, 1))
    lags = lags[: 2 * REACH + 1, : 2 * REACH + 1]
    assert np.abs(lags - beam_of_squared_weights(seen, 1)).max() < limit


@pytest.mark.parametrize("n", [128, 225])
def test_leaving_out_empty_columns_and_rows_changes_nothing(n: int) -> None:
    seen = telescope_of(Observation(size=96, channels=3))
    thermal = Thermal(padding=1.0, least_px=n)
    assert thermal.grid_px(seen.size) == n
    drawn = thermal.draw(seen, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    for plane, amplitude in zip(drawn, thermal.amplitudes(seen, n), strict=True):
        amplitude[:, [0] if n % 2 else [0, -1]] *= np.float32(np.sqrt(2))
        filled = amplitude > 0
        assert filled.mean() < 0.25  # or there would be nothing to leave out
        white = rng.standard_normal(2 * filled.sum(), dtype=np.float32)
        cells = np.zeros(amplitude.shape, np.complex64)
        cells[filled] = (white[::2] + 1j * white[1::2]) * amplitude[filled]
        # float32 transforms of some thousand terms
        np.testing.assert_allclose(plane, irfft2(cells, s=(n, n))[:96, :96], atol=1e-5)


def test_the_same_seed_gives_the_same_noise_and_another_does_not() -> None:
    seen = telescope_of(Observation(size=64, channels=4))
    one, again, other = (Thermal().draw(seen, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32


def test_channels_are_independent_of_each_other() -> None:
    drawn = Thermal().draw(telescope_of(Observation(channels=32)), np.random.default_rng(9))
    flat = drawn.reshape(32, -1)
    correlation = (flat @ flat.T) / flat.shape[1]
    across = correlation[~np.eye(32, dtype=bool)]
    # about 1300 beams a plane: 2.8%, which 496 pairs exceed by no more than a factor of 4
    assert np.abs(across).max() < 0.11
    assert across.std() < 0.04


def test_a_single_plane_of_an_integrated_image_has_unit_rms() -> None:
    seen = telescope_of(Observation(channels=16)).one_channel
    planes = [Thermal().draw(seen, np.random.default_rng(seed)) for seed in range(40)]
    assert planes[0].shape == (1, 360, 360)
    # 40 planes of 1300 beams: 0.3%; allow three of them
    assert np.std(planes) == pytest.approx(1.0, rel=0.01)


def test_a_cube_knows_the_power_of_its_noise() -> None:
    natural = telescope_of(Observation(channels=3))
    assert isinstance(Thermal().power(natural), noise.DirtyBeam)
    briggs = telescope_of(Observation(channels=3, robust=0.5))
    power = Thermal().power(briggs)
    assert isinstance(power, noise.SquaredWeights)
    assert power.beam is not None
    middle = slice(180 - REACH, 180 + REACH + 1)
    # the NUFFT's 1e-7
    assert power.beam[middle, middle] == pytest.approx(beam_of_squared_weights(briggs, 1), abs=1e-6)
    assert White().power(briggs) == noise.White()
