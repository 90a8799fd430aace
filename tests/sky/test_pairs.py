"""Close pairs: distances and lines as asked."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.sky.pairs import Pairs

GRID = tangent_grid(
    ra_deg=10.0, dec_deg=-20.0, size=256, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(128)
)


def test_pairs_are_as_far_apart_as_asked() -> None:
    population = Pairs(pairs=(3, 3), separation_px=(3.0, 12.0), line_offsets=(0.0, 1.0, 2.5))
    offsets = []
    for seed in range(40):
        sky = population.draw(GRID, np.random.default_rng(seed))
        assert len(sky.components) == 6
        places = np.array([[c.ellipse.x, c.ellipse.y] for c in sky.components])
        apart = np.hypot(*(places[:, None] - places[None]).T)
        nearest = np.where(np.eye(6, dtype=bool), np.inf, apart)
        partners = nearest.argmin(axis=1)
        assert np.all((nearest.min(axis=1) >= 3.0) & (nearest.min(axis=1) <= 12.0))
        for one, other in enumerate(partners):
            first, second = (sky.components[i].line_truths(GRID)[0] for i in (one, other))
            between = abs(first.channel - second.channel)
            offsets.append(between / ((first.fwhm_chan + second.fwhm_chan) / 2))
            assert 0 <= first.channel <= 127
    kinds, counts = np.unique(np.round(offsets, 6), return_counts=True)
    assert kinds.tolist() == [0.0, 1.0, 2.5]
    assert counts.min() > 0.2 * counts.sum()


def test_an_impossible_request_is_refused() -> None:
    crowded = Pairs(pairs=(9, 9), field_fraction=0.2)
    with pytest.raises(DeepFocusError, match="no room for 9 pairs"):
        crowded.draw(GRID, np.random.default_rng(0))
    with pytest.raises(DeepFocusError, match="at least one offset"):
        Pairs(line_offsets=())
    with pytest.raises(DeepFocusError, match="Gaussians with one line"):
        Pairs(disc_fraction=0.5)
