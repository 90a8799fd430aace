"""The CASA script: it compiles, asks for what was asked, quotes every text, and exports."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.imaging.casa_script import CasaImaging, casa_script


def tclean_arguments(script: str) -> dict[str, Any]:
    """The call of tclean in the script, its names in place of their values."""
    values: dict[str, Any] = {}
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tclean":
            assert not node.args
            values = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
    return values


def test_a_dirty_cube_is_asked_for() -> None:
    script = casa_script(CasaImaging(vis="a.ms", name="a", cell="0.1 arcsec", size=360))
    asked = tclean_arguments(script)
    wanted = {
        "vis": "a.ms", "imagename": "a", "specmode": "cube", "niter": 0, "calcpsf": True,
        "pbcor": False, "cell": "0.1arcsec", "imsize": [360, 360], "weighting": "natural",
        "width": "", "start": "", "nchan": -1, "gridder": "standard", "interactive": False,
    }  # fmt: skip
    assert {key: asked[key] for key in wanted} == wanted
    assert "robust" not in asked


def test_every_choice_reaches_tclean() -> None:
    imaging = CasaImaging(
        vis="a.ms", name="a", cell="50 mas", size=512, weighting="briggs", robust=-0.5,
        field="NGC 1", spw="0:5~60", width="-2", start="230.1GHz", nchan=64,
    )  # fmt: skip
    asked = tclean_arguments(casa_script(imaging))
    wanted = {
        "cell": "0.05arcsec", "weighting": "briggs", "robust": -0.5, "field": "NGC 1",
        "spw": "0:5~60", "width": -2, "start": "230.1GHz", "nchan": 64,
    }  # fmt: skip
    assert {key: asked[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("taper", "casas"), [("0.5 arcsec", "0.5arcsec"), ("200000", "200.0klambda")]
)
def test_further_choices_reach_tclean(taper: str, casas: str) -> None:
    imaging = CasaImaging(
        vis="a.ms", name="a", cell="50 mas", size=512, weighting="uniform", taper=taper,
        column="data", frame="topo", rest_hz=230.538e9,
    )  # fmt: skip
    asked = tclean_arguments(casa_script(imaging))
    wanted = {
        "weighting": "uniform", "uvtaper": [casas], "datacolumn": "data", "outframe": "TOPO",
        "restfreq": ["230538000000.0Hz"], "interpolation": "nearest",
    }  # fmt: skip
    assert {key: asked[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    "text",
    ["it's.ms", "a\"b'c.ms", "a\\b.ms", "line\nbreak.ms", "{braces}.ms", "'+__import__('os')+'"],
)
def test_texts_are_quoted(text: str) -> None:
    imaging = CasaImaging(vis=text, name="a", cell="1arcsec", size=64, field=text, spw=text)
    asked = tclean_arguments(casa_script(imaging))
    assert (asked["vis"], asked["field"], asked["spw"]) == (text, text, text)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cell": "0.1"}, "cell = 0.1"),
        ({"cell": "-1arcsec"}, "an angle with its unit"),
        ({"cell": "1 GHz"}, "an angle with its unit"),
        ({"size": 4}, "at least 16"),
        ({"weighting": "superuniform"}, "natural or briggs"),
        ({"robust": 3.0}, "robust"),
        ({"nchan": 0}, "nchan"),
        ({"name": "../a"}, "name"),
        ({"taper": "2 GHz"}, "taper"),
        ({"taper": "-1arcsec"}, "taper"),
        ({"column": "model"}, "corrected or data"),
        ({"frame": "bary"}, "lsrk or topo"),
        ({"vis": " "}, "measurement set"),
    ],
)
def test_bad_values_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(DeepFocusError, match=words):
        CasaImaging(**{"vis": "a.ms", "name": "a", "cell": "1arcsec", "size": 64, **values})


@pytest.fixture
def casa(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """A stand-in for casatasks that notes how it is called."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(name: str) -> Any:
        return lambda **arguments: calls.append((name, arguments))

    tasks = SimpleNamespace(tclean=note("tclean"), exportfits=note("exportfits"))
    monkeypatch.setitem(sys.modules, "casatasks", tasks)  # type: ignore[arg-type]
    return calls


def test_products_get_the_names_of_companions(
    casa: list[tuple[str, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    imaging = CasaImaging(vis="a.ms", name="mine", cell="1arcsec", size=64)
    (tmp_path / "mine.py").write_text(casa_script(imaging))
    with pytest.raises(SystemExit, match=r"no measurement set at a\.ms"):
        runpy.run_path("mine.py")
    (tmp_path / "a.ms").mkdir()
    runpy.run_path("mine.py")
    assert casa[0][0] == "tclean"
    assert [(c["imagename"], c["fitsimage"]) for _, c in casa[1:]] == [
        ("mine.psf", "mine.psf.fits"),
        ("mine.pb", "mine.pb.fits"),
        ("mine.image", "mine.fits"),
    ]
    # products of an earlier run would be continued by tclean, not made anew
    (tmp_path / "mine.psf").mkdir()
    with pytest.raises(SystemExit, match="there already"):
        runpy.run_path("mine.py")
