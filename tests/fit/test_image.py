"""The model of a cube against the simulation's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deepfocus.fit.image import Part, add_model, model_cube
from deepfocus.fit.parameters import CONTINUUM, CXX, CXY, CYY, FLUX, GX, GY
from deepfocus.fit.spectra import Sampled
from deepfocus.forward.response import DirtyBeams


def test_the_model_is_what_the_simulation_makes(case, component: np.ndarray) -> None:
    dirty = case.dirty(component)
    model = model_cube(component[None], case.response, profile=Sampled())
    # within the reach of the known beam; the second-order primary beam leaves 3e-5
    near = np.s_[:, 20:124, 20:124]
    assert model[near] == pytest.approx(dirty[near], abs=1e-4 * float(dirty.max()))


def test_a_moving_line_is_in_each_channel_where_it_should_be(
    case_named: Callable, component: np.ndarray
) -> None:
    case = case_named("thermal")
    component[CONTINUUM] = 0.2
    component[[GX, GY]] = 1.5, -0.8
    model = model_cube(component[None], case.response, profile=Sampled())
    still = component.copy()
    still[[GX, GY]] = 0.0
    for channel in (9, 13):
        there = still.copy()
        there[:2] += (channel - component[5]) * component[[GX, GY]]
        # the continuum stays
        expected = model_cube(there[None], case.response, profile=Sampled())[channel]
        only = np.zeros_like(there)
        only[:5], only[5:7], only[CONTINUUM] = there[:5], there[5:7], component[CONTINUUM]
        expected -= model_cube(only[None], case.response)[channel]
        only[:5] = still[:5]
        expected += model_cube(only[None], case.response)[channel]
        assert model[channel] == pytest.approx(expected, abs=2e-5 * float(np.abs(expected).max()))


def test_what_is_added_can_be_taken_away(case_named: Callable, component: np.ndarray) -> None:
    case = case_named("white")
    out = np.zeros(case.view.telescope.grid.shape, np.float32)
    add_model(out, [Part(component[None])], case.response)
    highest = out.max()
    add_model(out, [Part(component[None], sign=-1.0)], case.response)
    assert highest > 0
    assert np.abs(out).max() < 1e-6 * highest


def test_a_negative_size_does_not_multiply_what_lies_beyond_the_coverage(
    case_named: Callable, component: np.ndarray
) -> None:
    """A point that noise makes smaller: higher and narrower than the beam, and no more."""
    response = case_named("thermal").response
    component[[CXX, CXY, CYY]] = 0.0
    point = model_cube(component[None], response).max()
    component[CXX] = -4.0
    smaller = np.abs(model_cube(component[None], response)).max()
    # by half of the curvature of the beam's peak times 4 px^2; 1e9 times before it was bounded
    curvature = 1 / (response.beam_px / 2.355) ** 2
    assert point < smaller < point * (1 + 2 * 4.0 * curvature)


def test_what_single_precision_does_not_show_is_nothing(
    case_named: Callable, component: np.ndarray
) -> None:
    component[[FLUX, CONTINUUM]] = 0.0, 1e-60
    assert not model_cube(component[None], case_named("white").response).any()


def test_a_beam_that_ends_is_drawn_where_it_is(case_named: Callable, component: np.ndarray) -> None:
    """Near the edge of the image and in its middle, still and moving, as on the whole image."""
    case = case_named("cleaned")
    local, endless = case.response, DirtyBeams(case.response.dirty_beam)
    endless.__dict__["support_px"] = None
    whole = replace(local, beams=endless)
    assert local.beams.support_px is not None
    assert local.beams.support_px < 40
    for x, y in ((78.3, 65.6), (2.7, 139.2), (143.9, -0.4)):
        component[:2], component[[GX, GY]] = (x, y), (0.4, -0.3)
        one, other = (model_cube(component[None], each) for each in (local, whole))
        # a beam ends where it is a millionth of its peak
        assert one == pytest.approx(other, abs=1e-5 * float(other.max()))


def test_at_all_nodes_it_is_the_same_square(case_named: Callable, component: np.ndarray) -> None:
    """A primary beam that narrows over the band draws a broad source smaller at each node."""
    once = case_named("cleaned").response
    narrowing = np.stack([once.primary_beam[0] ** power for power in (1.0, 4.0)])
    shares = np.linspace(0.0, 1.0, once.interpolation.shape[1])
    changing = replace(
        once,
        beams=DirtyBeams(np.repeat(once.dirty_beam[:1], 2, axis=0)),
        primary_beam=narrowing,
        interpolation=np.stack([1 - shares, shares]),
    )
    component[[2, 3, 4]] *= 9.0
    component[[FLUX, CONTINUUM]] = 0.0, 1.0
    model = model_cube(component[None], changing)
    for channel, share in ((0, 0), (-1, 1)):
        alone = replace(
            once,
            beams=DirtyBeams(once.dirty_beam[:1]),
            primary_beam=narrowing[share : share + 1],
            interpolation=np.ones((1, len(shares))),
        )
        expected = model_cube(component[None], alone)[channel]
        assert model[channel] == pytest.approx(expected, abs=1e-5 * float(expected.max()))
