"""Noise for the tests of the search."""

from __future__ import annotations

import pytest
from tests.search.searching import Noise, beam_noise, white_noise


@pytest.fixture(params=[beam_noise, white_noise], ids=["beam", "white"])
def noise(request: pytest.FixtureRequest) -> Noise:
    """Both kinds of noise."""
    made: Noise = request.param
    return made
