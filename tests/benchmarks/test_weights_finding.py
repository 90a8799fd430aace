"""The script that finds the same lines under other weights, and that they are found at all."""

from __future__ import annotations

import numpy as np
import pytest
import weights_finding
from weights_finding import SNR, Case

from deepfocus.finders.deepfocus.finder import DeepFocus


@pytest.mark.parametrize("imaging", weights_finding.IMAGINGS)
def test_uniform_weights_hide_no_lines(imaging: str) -> None:
    """Of six at an ideal signal-to-noise ratio of 8, the pixels at their peaks show none.

    A filter that fades out where noise has a tenth of its highest power measures them with errors
    of 1.6 and more.
    """
    case = Case("C-5", "uniform", imaging)
    *_, found, false, error = weights_finding.row(case, 1, DeepFocus().ready())
    assert int(found.split()[0]) >= 4
    assert int(false) <= 1
    assert float(error) < 1.6


def test_all_lines_have_one_ratio_and_noise_stays() -> None:
    case = Case("C-3", "robust 0.5", "cleaned")
    ((cube, truth),) = weights_finding.cubes(case, 1)
    assert np.all(truth["ideal_snr"] == SNR)
    at = [round(float(truth[name][0])) for name in ("channel", "y", "x")]
    assert 0 < cube.array[tuple(at)] < 20 * cube.noise.level_jy_beam
