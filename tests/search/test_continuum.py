"""The projection off the continuum, and the correlation that it leaves between channels."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.search.continuum import projection_of


@pytest.mark.parametrize("lost", [0, 10, 22])
def test_its_correlation_is_that_of_channels_with_data(lost: int) -> None:
    rng = np.random.default_rng(1)
    sigma = np.ones(40)
    sigma[rng.permutation(40)[:lost]] = np.inf
    projection = projection_of(sigma)
    known = np.isfinite(sigma)
    left = projection.of(rng.standard_normal((40, 40_000)) * known[:, None])
    expected = projection.correlation(4)
    for lag in (1, 2, 3):
        pairs = known[lag:] & known[:-lag]
        product = np.mean((left[lag:] * left[:-lag])[pairs])
        # over ten pairs and 40,000 spectra, chance makes 0.002
        assert product / np.mean(left[known] ** 2) == pytest.approx(expected[lag], abs=0.01)
        assert expected[lag] < -0.02
