"""Errors that count what was fitted to noise, and models that do not explain the data."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from deepfocus.finders.deepfocus.honest import MODEL_SHARE, misfit, with_honest_errors
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SourceFit, summary_of
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, GX, SIGMA, X, Y

SHAPE = (32, 48, 48)


def found(gain: float = 1e6) -> SourceFit:
    """A source of 6 px and 6 channels in the middle."""
    row = np.zeros(COUNT)
    row[[X, Y, CXX, CYY, CHANNEL, SIGMA, FLUX]] = 24.0, 24.0, 6.0, 6.0, 16.0, 2.5, 1.0
    summary = summary_of(row[None], SHAPE[0])
    return SourceFit(row[None], summary, np.eye(len(summary)), gain=gain, freedom=9)


def seen(left: float, correlated_px: float = 0.0) -> tuple[Sight, Looked]:
    """A cube where it shines, and noise left of it with so many times its standard deviation."""
    residual = left * np.random.default_rng(1).standard_normal(SHAPE)
    noise = SimpleNamespace(channel=np.ones(SHAPE[0]), position=np.ones(SHAPE[1:]))
    explained = SimpleNamespace(residual=residual)
    sight = SimpleNamespace(data=residual + 10, beam_px=6.0, correlated_px=correlated_px)
    return cast(Any, sight), cast(Any, SimpleNamespace(noise=noise, explained=explained))


def test_noise_that_is_left_makes_no_error_larger() -> None:
    assert misfit(found(), *seen(1.0)) == pytest.approx(1.0, abs=0.03)
    assert with_honest_errors(found(), *seen(1.0)).error("flux") == pytest.approx(1.0, abs=0.03)


def test_a_model_that_leaves_twice_the_noise_has_errors_four_times_as_large() -> None:
    """Reduced chi^2 of 4: it stands for how wrong the model is, not for noise alone."""
    assert with_honest_errors(found(), *seen(2.0)).error("flux") == pytest.approx(4.0, rel=0.03)
    # few independent voxels tell less, so that less of it counts
    correlated = misfit(found(), *seen(2.0, correlated_px=12.0))
    assert 1.0 < correlated < misfit(found(), *seen(2.0)) - 0.1


def test_a_faint_source_is_known_less_well_than_its_fit_says() -> None:
    """Of a gain of 36, nine free numbers took 9 from noise."""
    faint = with_honest_errors(found(gain=36.0), *seen(1.0))
    assert faint.error("x") == pytest.approx(np.sqrt(36 / 27), rel=0.03)


def test_a_line_that_moves_is_not_trusted_to_be_a_gaussian() -> None:
    still = found()
    row = still.components.copy()
    row[0, GX] = 0.3
    flux = 100.0 * still.value("flux")
    moving = replace(still, components=row, summary=100.0 * still.summary)
    stated = with_honest_errors(moving, *seen(1.0)).error("flux")
    assert stated == pytest.approx(np.hypot(1.0, MODEL_SHARE * flux), rel=0.03)
