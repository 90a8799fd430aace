"""docs/physics.md names files that are there, and numbers that are the code's."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from deepfocus.instrument.coverage import LOWEST_ELEVATION_DEG
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sensitivity import RECEIVER_K
from deepfocus.sky.disc import EXTENT, HALF_LIGHT
from deepfocus.sky.point import HALF_WIDTH_PX, KAISER_BETA

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs" / "physics.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


def test_anchors_and_the_list_of_examples_lead_somewhere() -> None:
    """Links between the pages of docs/ are tested with the house."""
    headings = re.findall(r"^#+ (.*)", PAGE, re.M)
    anchors = re.findall(r"\]\(#([^)]+)\)", PAGE)
    assert len(anchors) > 10
    assert {anchor.replace("-", " ") for anchor in anchors} <= {
        re.sub(r"[^\w ]", "", heading).lower() for heading in headings
    }
    examples = REPOSITORY / "examples"
    links = re.findall(r"\]\(([^)#\s]+)", (examples / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 10
    assert not [link for link in links if not (examples / link).exists()]


def test_every_module_and_test_of_the_page_exists() -> None:
    modules = re.findall(r"`([a-z]+/\w+\.py)`", PAGE)
    tests = re.findall(r"\b([a-z]+/test_\w+\.py)", PAGE)
    assert len(set(modules)) > 10
    assert len(set(tests)) > 8
    for module in modules:
        assert (REPOSITORY / "src" / "deepfocus" / module).is_file(), module
    for test in tests:
        assert (REPOSITORY / "tests" / test).is_file(), test


def test_the_numbers_of_the_page_are_the_codes() -> None:
    widths = []
    for dish in (12.0, 7.0):
        half = brentq(lambda t, d=dish: float(DISHES[d](np.array(t), 230e9)) - 0.5, 1.0, 30.0)
        widths.append(2 * half)
    assert widths == [pytest.approx(26.03, abs=0.005), pytest.approx(45.1, abs=0.05)]
    for words in (
        "FWHM at 230 GHz: 26.03 and 45.1 arcsec",
        f"of bands 1 to 10 is {', '.join(f'{kelvin:g}' for kelvin in RECEIVER_K)} K",
        f"Half of the light lies within {HALF_LIGHT:.3f} $h$",
        f"Light beyond {EXTENT:g} $h$",
        f"half width {HALF_WIDTH_PX} px, $\\beta = {KAISER_BETA}$",
        f"below {LOWEST_ELEVATION_DEG:g} deg of elevation",
    ):
        assert words in WORDS
