"""A change of a model is drawn everywhere, but where no sidelobe of it could be told from noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import deepfocus as df
from deepfocus.finders.deepfocus.redrawing import NEAR_BEAMS, UNSEEN, redraw
from deepfocus.finders.deepfocus.sight import Sight, sight_of
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, FLUX, GX, SIGMA, X, Y
from deepfocus.search.noise_map import NoiseMap

SIZE, CHANNELS = 320, 12
MANY = 96
NOISE_JY = 1e-3


@cache
def seen(channels: int = CHANNELS) -> tuple[Sight, NoiseMap]:
    settings = {
        "observation": {"size": SIZE, "channels": channels},
        "population": {"kind": "corrected", "sources": [0, 0]},
    }
    sight = sight_of(df.simulate(settings, seed=4).cube)
    assert sight.sidelobes.highest > 0.05
    level = np.full(channels, NOISE_JY, np.float32)
    return sight, NoiseMap(level, np.ones((SIZE, SIZE), np.float32))


def component(snr: float, **changes: float) -> np.ndarray:
    """One whose line's peak is that many times the noise."""
    row = np.zeros(COUNT)
    row[[X, Y, CHANNEL, SIGMA]] = 180.3, 144.2, 6.2, 1.7
    row[FLUX] = snr * NOISE_JY * row[SIGMA] * np.sqrt(2 * np.pi)
    for name, by in changes.items():
        row[{"x": X, "flux": FLUX, "cxx": CXX, "gx": GX}[name]] += by
    return row[None]


def drawn(before: list[Part], after: list[Part]) -> np.ndarray:
    sight, noise = seen()
    out = np.zeros((CHANNELS, SIZE, SIZE), np.float32)
    redraw(out, before, after, sight, noise)
    return out


def everywhere(before: list[Part], after: list[Part]) -> np.ndarray:
    out = np.zeros((CHANNELS, SIZE, SIZE), np.float32)
    turned = [Part(each.values, each.profile, -1.0) for each in after]
    add_model(out, [*before, *turned], seen()[0].response)
    return out


@pytest.mark.parametrize(("name", "by"), [("flux", 2e-4), ("x", 0.02), ("cxx", 0.1), ("gx", 0.01)])
def test_a_small_change_is_drawn_near(name: str, by: float) -> None:
    before, after = [Part(component(10.0))], [Part(component(10.0, **{name: by}))]
    near, whole = drawn(before, after), everywhere(before, after)
    reach = int(NEAR_BEAMS * seen()[0].beam_px)
    box = np.s_[:, 144 - reach : 144 + reach, 180 - reach : 180 + reach]
    assert np.abs(whole[box]).max() > 0.01 * NOISE_JY
    # the beam is cut off farther away, and rings by a thousandth of the noise
    np.testing.assert_allclose(near[box], whole[box], atol=1e-3 * NOISE_JY)
    assert not near[:, :20].any()
    assert np.abs(near - whole).max() < UNSEEN * NOISE_JY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [Part(component(10.0))]),
        ([Part(component(10.0))], [Part(component(11.0))]),
        ([Part(component(100.0))], [Part(component(100.0, x=0.2))]),
        ([Part(component(10.0))], [Part(np.concatenate([component(5.0), component(5.0)]))]),
    ],
    ids=["new", "brighter", "moved", "split"],
)
def test_what_could_be_seen_is_drawn_everywhere(before: list[Part], after: list[Part]) -> None:
    there, whole = drawn(before, after), everywhere(before, after)
    far = there[:, :20].any(axis=(1, 2))
    # single precision of a hundred times the noise, in sums that are made in another order
    np.testing.assert_allclose(there[far], whole[far], atol=1e-4 * NOISE_JY)
    assert far[5:8].all()
    # in the channels of a line's wings, nothing could be seen far from the source; but where the
    # known beam ends with a step, a source that moves changes more than any of its sidelobes does
    assert not far[[0, -1]].any()
    assert np.abs(there - whole).max() < 1.5 * UNSEEN * NOISE_JY


@pytest.mark.parametrize(("snr", "far"), [(0.1, False), (0.4, True)])
def test_a_continuum_is_judged_in_all_channels_together(snr: float, far: bool) -> None:
    """Its sidelobes of 0.1 are below 0.05 of the noise in each of 96 channels, 0.4 in their sum."""
    sight, noise = seen(MANY)
    row = component(0.0)
    row[:, CONTINUUM] = snr * NOISE_JY
    out = np.zeros((MANY, SIZE, SIZE), np.float32)
    redraw(out, [], [Part(row)], sight, noise)
    assert out[:, 140:148, 176:184].any(axis=(1, 2)).all()
    assert out[:, :20].any(axis=(1, 2)).all() == far


@pytest.mark.parametrize("by", [1e-4, 1e-2])
def test_a_change_and_its_reverse_leave_nothing(by: float) -> None:
    sight, noise = seen()
    before, after = [Part(component(10.0))], [Part(component(10.0, flux=by))]
    out = drawn(before, after)
    redraw(out, after, before, sight, noise)
    assert np.abs(out).max() < 1e-4 * NOISE_JY


def test_nothing_is_drawn_of_nothing() -> None:
    assert not drawn([], [Part(np.empty((0, COUNT)))]).any()
