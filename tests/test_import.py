"""`import deepfocus` costs nothing; its names are imported when they are asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import deepfocus

HEAVY = ("numpy", "scipy", "astropy", "onnxruntime", "matplotlib", "cattrs", "torch", "click")


def in_fresh_python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout


def test_it_brings_in_nothing_but_itself() -> None:
    code = (
        "import sys; before = set(sys.modules); import deepfocus\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    # importlib and typing may be there already, by what runs when Python starts
    allowed = {"deepfocus", "importlib", "typing", "collections.abc", "__future__", "warnings"}
    new = set(in_fresh_python(code).split())
    assert not new & set(HEAVY)
    assert len(new) < 40
    assert {name for name in new if name.startswith("deepfocus")} <= allowed


def test_listing_the_finders_needs_no_numbers() -> None:
    code = (
        "import sys, deepfocus as df; dir(df); df.finders\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert in_fresh_python(code).split() == []


@pytest.mark.parametrize("name", deepfocus.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(deepfocus, name) is not None
    assert name in dir(deepfocus)


def test_rooms_do_not_take_the_place_of_functions() -> None:
    """Once imported, a subpackage is an attribute: none may have the name of a function."""
    import deepfocus.evaluation.score
    import deepfocus.simulation.cube

    assert callable(deepfocus.simulate)
    assert callable(deepfocus.evaluate)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'cleaned'"):
        deepfocus.cleaned  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'Slimm'"):
        deepfocus.finders.Slimm  # noqa: B018
