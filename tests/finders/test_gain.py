"""The primary beam's gain at each source is in the catalogue of any finder, and in the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import deepfocus as df
from deepfocus.finders.blobcat.finder import Blobcat
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.finder import detection_in

SEED = 3


@pytest.mark.parametrize("finder", [DeepFocus(), Blobcat()], ids=lambda each: each.kind)
def test_flux_times_gain_is_what_the_cube_shows(finder: DeepFocus | Blobcat) -> None:
    """Without its primary beam, the same cube gives fluxes that are lower by the stated gain."""
    made = df.simulate("paper", seed=SEED)
    corrected = detection_in(made.cube, finder.ready()).catalogue.accepted
    as_it_is = detection_in(replace(made.cube, primary_beam=None), finder.ready()).catalogue
    as_it_is = as_it_is.accepted
    gain = corrected["primary_beam"]
    assert np.all((gain > 0) & (gain <= 1))
    assert np.ptp(gain) > 0.1, "sources lie at different distances from the axis"
    assert np.isnan(as_it_is["primary_beam"]).all()
    order, other = np.argsort(corrected["x"]), np.argsort(as_it_is["x"])
    # the beam falls across a source, by which the two fits differ a little: 2%
    np.testing.assert_allclose(
        (gain * corrected["line_flux"])[order], as_it_is["line_flux"][other], rtol=0.02
    )


def test_the_truth_has_the_gain_that_its_fluxes_are_seen_with() -> None:
    made = df.simulate("paper", seed=SEED)
    gain = made.truth["primary_beam"]
    at = made.cube.primary_beam_in(64)[
        np.rint(made.truth["y"]).astype(int), np.rint(made.truth["x"]).astype(int)
    ]
    # half a pixel, and half a band of 1.3 GHz at 230 GHz, move it by less than 2%
    np.testing.assert_allclose(gain, at, atol=0.02)


def test_injected_sources_have_theirs() -> None:
    made = df.simulate("empty", seed=SEED)
    injected = df.inject(made.cube, seed=1, number=3)
    gain = injected.truth["primary_beam"]
    x, y = injected.truth["x"], injected.truth["y"]
    np.testing.assert_allclose(gain, made.cube.primary_beam_at(x=x, y=y), atol=0.02)
