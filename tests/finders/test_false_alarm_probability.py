"""The false-alarm probability of a candidate is that of noise, however low the search goes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

import deepfocus as df
from deepfocus.finders.deepfocus.finder import DeepFocus

CUBES = 24
EMPTY = {
    "observation": {"size": 96, "channels": 32},
    "population": {"kind": "corrected", "sources": [0, 0]},
}


@pytest.mark.slow
def test_as_many_candidates_of_noise_as_their_probabilities_say() -> None:
    """Below 0.1 and 0.5 within what chance has once in a thousand such tests, on either side.

    A candidate's probability is that of its peak in the search. That of what a fit makes of the
    peak would be six times too good: a fit finds the best of the noise around it.
    """
    finder = DeepFocus(false_peaks=2.0).ready()
    found = [finder.find(df.simulate(EMPTY, seed=900 + i).cube).catalogue for i in range(CUBES)]
    by_noise = 1 - np.concatenate([each["probability"] for each in found])
    for level in (0.1, 0.5):
        expected = CUBES * -np.log1p(-level)
        counted = np.count_nonzero(by_noise < level)
        assert poisson.sf(counted - 1, expected) > 1e-3
        assert poisson.cdf(counted, expected) > 1e-3
