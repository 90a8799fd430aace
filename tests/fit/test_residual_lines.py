"""Lines that are looked for in a residual, against the same worked out one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deepfocus.fit.residual import TOGETHER, Lines
from deepfocus.fit.spectra import Integrated, Profile, Sampled


def one_by_one(spectra: np.ndarray, weights: np.ndarray, profile: Profile, sigma: float) -> Any:
    """(chan, n) each line less its weighted mean, over the square root of its weighted power."""
    centres = np.arange(len(weights), dtype=float)
    lines = profile.of(centres, centre=centres, sigma=np.full(len(centres), sigma))[0]
    lines = lines - (lines @ weights / weights.sum())[:, None]
    return (lines * weights) @ spectra / np.sqrt(lines**2 @ weights)[:, None]


@pytest.mark.parametrize("profile", [Sampled(), Integrated()])
@pytest.mark.parametrize("sigma", [0.7, 5.6])
@pytest.mark.parametrize("channels", [40, TOGETHER + 1, 5 * TOGETHER])
def test_ratios_are_those_of_each_line(profile: Profile, sigma: float, channels: int) -> None:
    rng = np.random.default_rng(2)
    weights = rng.uniform(0.5, 2.0, channels)
    weights[7:9] = 0.0  # channels without data
    spectra = rng.standard_normal((channels, 6)).astype(np.float32)
    problem: Any = SimpleNamespace(profile=profile, weights=weights)
    ratios = Lines.of(problem, sigma).of_spectra(spectra, weights)
    # single precision, of sums of some ten values about 1
    np.testing.assert_allclose(
        ratios, one_by_one(spectra, weights, profile, sigma), rtol=1e-4, atol=1e-5
    )
