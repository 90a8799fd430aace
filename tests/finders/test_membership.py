"""Which components of a model are one source, where galaxies touch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.membership import members_of
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.fit.together import follow_their_channels

BEAM_PX = 8.0


def sources(
    components: np.ndarray,
    *,
    channels: int = 96,
    gain: float = 400.0,
    sides: tuple[tuple[int, int], ...] = (),
) -> list[list[int]]:
    """Of still components, each at a signal-to-noise of 20, in a cube of 96 channels."""
    explained = SimpleNamespace(
        components_shown=components,
        free=np.zeros(components.shape, bool),
        gain=np.full(len(components), gain),
        sides=np.reshape(sides, (-1, 2)).astype(int),
        residual=np.zeros((channels, 160, 160), np.float32),
    )
    return sorted(sorted(each.tolist()) for each in members_of(explained, BEAM_PX))


def along(x: list[float], channel: list[float], **settings: float) -> np.ndarray:
    """Components in a row along x, each as wide as half a beam, with lines of 3 channels."""
    rows = np.zeros((len(x), COUNT))
    rows[:, X], rows[:, Y], rows[:, CHANNEL] = x, settings.get("y", 80.0), channel
    rows[:, [CXX, CYY]] = (BEAM_PX / 2 / FWHM_PER_SIGMA) ** 2
    rows[:, SIGMA], rows[:, FLUX] = settings.get("sigma", 3.0), settings.get("flux", 10.0)
    return rows


DISC = along([50.0, 58.0, 66.0, 74.0], [30.0, 38.0, 46.0, 54.0])


def test_a_disc_is_one_source() -> None:
    assert sources(DISC) == [[0, 1, 2, 3]]


def test_a_disc_and_another_that_turns_the_other_way_beside_it_are_two() -> None:
    """They meet at one place in the same channels, where no saddle parts them."""
    other = along([82.0, 90.0, 98.0], [46.0, 38.0, 30.0], flux=5.0)
    assert sources(other) == [[0, 1, 2]]
    assert sources(np.concatenate([DISC, other])) == [[0, 1, 2, 3], [4, 5, 6]]


def test_without_the_other_galaxy_those_that_are_left_are_grouped_anew() -> None:
    """Two halves with a low saddle between them are one disc, but not with what touches one half.

    One movement does not explain the extent of all of them together.
    """
    halves = along([42.0, 48.0, 58.0, 64.0], [20.0, 26.0, 36.0, 42.0])
    assert sources(halves) == [[0, 1, 2, 3]]
    other = along([72.0], [32.0], sigma=8.0)
    assert sources(np.concatenate([halves, other])) == [[0, 1, 2, 3], [4]]


def test_two_sides_are_one_source_with_all_that_touches_either() -> None:
    far = along([50.0, 76.0], [30.0, 54.0])
    assert sources(far) == [[0], [1]]
    assert sources(far, sides=((1, 0),)) == [[0, 1]]
    both = np.concatenate([DISC, far + np.array([40.0, *[0.0] * (COUNT - 1)])])
    assert sources(both, sides=((4, 5),)) == [[0, 1, 2, 3], [4, 5]]
    assert sources(both, sides=((3, 4),)) == [[0, 1, 2, 3, 4], [5]]


def test_pairs_of_sides_are_numbered_through_all_fits() -> None:
    fits = [
        SimpleNamespace(values=np.zeros((3, COUNT)), sides=((0, 2),)),
        SimpleNamespace(values=np.zeros((1, COUNT)), sides=()),
        SimpleNamespace(values=np.zeros((2, COUNT)), sides=((1, 0),)),
    ]
    residual = np.zeros((4, 8, 8), np.float32)
    assert Explained(cast(Any, tuple(fits)), residual).sides.tolist() == [[0, 2], [5, 4]]
    assert Explained((), residual).sides.shape == (0, 2)


def test_a_side_is_no_other_galaxy_however_far_off_the_field_it_lies() -> None:
    other = along([82.0, 90.0, 98.0], [46.0, 38.0, 30.0], flux=5.0)
    both = np.concatenate([DISC, other])
    assert sources(both, sides=((3, 4), (5, 6))) == [[0, 1, 2, 3, 4, 5, 6]]


def test_a_line_that_absorbs_is_no_source() -> None:
    absorbing = along([120.0], [40.0], flux=-5.0)
    assert sources(np.concatenate([DISC, absorbing])) == [[0, 1, 2, 3]]
    assert sources(absorbing) == []


def test_no_component_is_no_source_and_two_that_stay_in_place_are_two() -> None:
    assert sources(np.zeros((0, COUNT))) == []
    assert sources(along([60.0, 67.0], [40.0, 40.0])) == [[0], [1]]


def test_two_places_are_two_sources_whatever_lines_each_has() -> None:
    """Of three Gaussians in the same channels that touch, two at one place: three lines."""
    three = along([60.0, 68.0, 68.2], [36.0, 42.0, 31.0])
    assert sources(three) == [[0], [1], [2]]
    # at three places they are a galaxy
    assert sources(along([60.0, 68.0, 76.0], [31.0, 36.0, 41.0])) == [[0, 1, 2]]


def test_three_lines_that_overlap_at_one_place_shape_one() -> None:
    assert sources(along([60.0, 60.1, 60.0], [36.0, 41.0, 46.0])) == [[0, 1, 2]]


def test_what_lies_beyond_the_band_is_one_line() -> None:
    """Its wing is no Gaussian, and takes two."""
    assert sources(along([60.0, 63.0], [96.5, 98.0])) == [[0, 1]]
    # where nobody can tell how far beyond, it is at the last channel
    assert sources(along([60.0, 63.0], [95.0, 98.0])) == [[0, 1]]
    assert sources(along([60.0, 63.0], [91.0, 98.0])) == [[0], [1]]


def test_an_image_of_few_channels_shows_no_velocities() -> None:
    other = along([80.0, 88.0, 96.0], [1.0, 1.0, 1.0], sigma=0.6, flux=6.0)
    row = along([50.0, 58.0, 66.0, 74.0], [1.0, 1.0, 1.0, 1.0], sigma=0.6)
    assert sources(np.concatenate([row, other]), channels=3) == [[0, 1, 2, 3, 4, 5, 6]]


def test_three_lines_of_one_place_are_parted_where_their_spectrum_is_low() -> None:
    """At 46 it is 0.27 of the peaks at 40 and 52; between 52 and 57 it has no minimum."""
    assert sources(along([60.0, 60.1, 60.0], [40.0, 52.0, 57.0])) == [[0], [1], [2]]
    # four: one that stands apart, and three that shape one
    assert sources(along([60.0] * 4, [40.0, 52.0, 57.0, 62.0])) == [[0], [1, 2, 3]]


def test_what_lies_in_the_order_of_its_channels_is_a_galaxy_however_small_it_is() -> None:
    """0.14 beams to a line, six errors of a place at a signal-to-noise of 20, three at 10."""
    turns = along([60.0, 61.1, 62.2], [30.0, 41.0, 52.0])
    assert sources(turns) == [[0, 1, 2]]
    # nobody can tell where noise moves lines as far: they are three lines of one place
    assert sources(turns, gain=100.0) == [[0], [1], [2]]
    # nor is a galaxy out of order
    assert sources(along([60.0, 62.2, 61.1], [30.0, 41.0, 52.0])) == [[0], [1], [2]]
    # nor is there an order in one channel
    here = along([60.0, 61.1, 62.2], [36.0, 36.0, 36.0])
    assert not follow_their_channels(here, np.full(3, 0.2))
