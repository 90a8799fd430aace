"""Two close sources with overlapping but different lines: the fainter one keeps its own line."""

import numpy as np
from oracle_networks import Source, cube_of, oracles

from deepfocus.core.flags import Flag
from deepfocus.finders.slim.finder import ReadySlim, Slim
from deepfocus.finders.slim.orphans import LeaveAstray

BRIGHT = Source(100, 100, channel=40, fwhm_chan=9, fwhm_px=14, line=1.0)
FAINT = Source(111, 108, channel=44, fwhm_chan=6, fwhm_px=10, line=0.12)


def near(found, source, limit=3.0):
    return int(np.sum(np.hypot(found["x"] - source.x, found["y"] - source.y) < limit))


def test_the_fainter_of_a_pair_stays_at_its_own_blob():
    cube = cube_of([BRIGHT, FAINT])
    networks = oracles(cube, [BRIGHT, FAINT])
    found = ReadySlim(networks).find(cube).catalogue.accepted
    assert near(found, BRIGHT) == 1
    assert near(found, FAINT) == 1


def test_without_the_rule_it_is_placed_at_the_brighter_one():
    cube = cube_of([BRIGHT, FAINT])
    networks = oracles(cube, [BRIGHT, FAINT])
    found = ReadySlim(networks, Slim(astray=LeaveAstray())).find(cube).catalogue
    assert near(found.accepted, FAINT) == 0


def test_a_line_like_the_brighter_ones_is_not_given_back():
    """One source seen as two blobs has one line: it must not become two sources."""
    cube = cube_of([BRIGHT])
    other_half = Source(112, 108, channel=40, fwhm_chan=9, fwhm_px=6)
    networks = oracles(cube, [BRIGHT], blobs=[BRIGHT, other_half], leaks=True)
    found = ReadySlim(networks).find(cube).catalogue
    assert len(found.accepted) == 1
    assert Flag.DUPLICATE in [Flag(int(flag)) for flag in found["flag"]]
