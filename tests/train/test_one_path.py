"""One path: training and detection give a network bit-identical inputs for the same cube.

A cube goes through both. Detection's networks record every batch that they are given; training
cuts its examples at the positions that detection found.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.source import Ellipse
from deepfocus.finders.six_networks.candidate import Candidate, accepted
from deepfocus.finders.slim.finder import ReadySlim
from deepfocus.ops.integrate import integrate
from deepfocus.ops.targets import Elongation, Fwhm, LineProbability, LogFlux, ProbabilityMap
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import paper_settings
from deepfocus.train.blob_examples import blob_input
from deepfocus.train.places import Place
from deepfocus.train.predicted_examples import matching_truth
from deepfocus.train.roles import ROLES
from deepfocus.train.source_examples import image_examples, spectra_examples
from deepfocus.weights.six import ROLES as SIX
from deepfocus.weights.six import SixNetworks, load_six

SHAPES = ("major", "minor", "angle")


@dataclass
class Noting:
    """A network that records the batches that it is given."""

    network: Any
    batches: list[np.ndarray] = field(default_factory=list)

    @property
    def card(self) -> Any:
        return self.network.card

    @property
    def input(self) -> Any:
        return self.network.input

    @property
    def parameters(self) -> int:
        return self.network.parameters

    @property
    def target(self) -> Any:
        return self.network.target

    def run(self, batch: np.ndarray) -> np.ndarray:
        self.batches.append(batch)
        return self.network.run(batch)

    @property
    def given(self) -> np.ndarray:
        return np.concatenate(self.batches)


@dataclass(frozen=True)
class Both:
    """A cube, the candidates found in it, and the networks with their recorded inputs."""

    made: Simulated
    candidates: tuple[Candidate, ...]
    networks: SixNetworks

    @property
    def places(self) -> list[Place]:
        """Where detection found sources."""
        places = []
        for each in accepted(self.candidates):
            i = matching_truth(each, self.made.truth)
            assert i is not None, "a false source: take another seed"
            places.append(Place(i, each.home.blob.box, each.source))
        return places


@pytest.fixture(scope="module")
def both() -> Both:
    """A cube of one tile. Each blob has one line, so both paths fit the same continuum."""
    paper = paper_settings()
    small = replace(paper, observation=replace(paper.observation, size=256))
    made = simulate(small, paper.split.validation[0])
    shipped = load_six()
    networks = SixNetworks(**{role: Noting(getattr(shipped, role)) for role in SIX})
    ready = ReadySlim(networks)
    shaped = ready.accepted_shapes(made.cube)
    candidates = ready.measure_fluxes(made.cube, shaped)
    assert len(accepted(candidates)) >= 3
    assert all(len(each.home.lines) == 1 for each in candidates)
    return Both(made, candidates, networks)


@pytest.mark.parametrize("role", SIX)
def test_the_card_says_what_training_shows_and_asks(both: Both, role: str) -> None:
    network = getattr(both.networks, role)
    assert network.input == ROLES[role].input
    assert network.target == ROLES[role].target


def test_blobs_finder_sees_what_it_was_trained_on(both: Both) -> None:
    (tile,) = both.networks.blobs_finder.given[:, 0]
    # training stores images in half precision
    np.testing.assert_array_equal(
        tile.astype(np.float16), blob_input(integrate(both.made.cube.data))
    )


def test_deep_gru_sees_what_it_was_trained_on(both: Both) -> None:
    boxes = [each.home.blob.box for each in both.candidates]
    trained = spectra_examples(both.made, boxes)["spectra"]
    np.testing.assert_array_equal(both.networks.deep_gru.given, trained)


@pytest.mark.parametrize("role", SHAPES)
def test_the_shape_networks_see_what_they_were_trained_on(both: Both, role: str) -> None:
    trained = image_examples(both.made, both.places)["focused"]
    np.testing.assert_array_equal(getattr(both.networks, role).given[:, 0], trained)


def test_the_flux_network_sees_what_it_was_trained_on(both: Both) -> None:
    trained = image_examples(both.made, both.places)["masked"]
    np.testing.assert_array_equal(both.networks.flux.given[:, 0], trained)


# --- decoding inverts encoding
ELLIPSES = st.builds(
    partial(Ellipse, 0.0, 0.0),
    st.floats(3.0, 30.0),
    st.floats(3.0, 30.0),
    st.floats(0.0, 179.9),
)


@given(ELLIPSES)
def test_sizes_are_read_as_they_were_asked_for(ellipse: Ellipse) -> None:
    sizes = sorted([ellipse.fwhm_x_px, ellipse.fwhm_y_px])
    read = [Fwhm(axis).decode(Fwhm(axis).encode(ellipse)[None])[0] for axis in ("minor", "major")]
    assert read == pytest.approx(sizes)


@given(st.floats(4.0, 30.0), st.floats(0.3, 0.95), st.floats(0.0, 179.9))
def test_angles_are_read_as_they_were_asked_for(major: float, ratio: float, pa: float) -> None:
    axes = (major, major * ratio) if pa < 90 else (major * ratio, major)
    target = Elongation()
    (read,) = target.decode(target.encode(Ellipse(0, 0, *axes, pa))[None])
    assert (read - pa + 90) % 180 - 90 == pytest.approx(0, abs=1e-6)


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
def test_fluxes_are_read_as_they_were_asked_for(flux: float, scale: float) -> None:
    target = LogFlux(farthest=30.0)
    read = target.decode(target.encode(flux, scale=scale)[None], scale=np.array([scale]))
    assert read[0] == pytest.approx(flux)


def test_wild_fluxes_stay_finite() -> None:
    wild = LogFlux().decode(np.array([[1e9], [-1e9]]), scale=np.array([2.0, 2.0]))
    assert wild == pytest.approx([2 * np.exp(20), 2 * np.exp(-20)])
    assert np.isnan(LogFlux().encode(-1.0, scale=1.0)).all()


def test_probabilities_are_the_largest_of_their_parts() -> None:
    images = np.array([[[0.2, 0.9]], [[0.5, 0.1]]])
    np.testing.assert_allclose(ProbabilityMap().encode(images), [[0.5, 0.9]])
    assert ProbabilityMap().encode(np.zeros((0, 2, 3))).shape == (2, 3)
    clean = LineProbability().encode([(10.0, 4.0), (20.0, 4.0)], 32)
    assert clean[[10, 20]] == pytest.approx([1.0, 1.0])
    assert LineProbability().decode(np.array([-0.1, 1.2])) == pytest.approx([0.0, 1.0])
