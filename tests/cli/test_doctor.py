"""`deepfocus doctor`: what is there, what could be, and an exit code for what has to be."""

from __future__ import annotations

import pytest

from deepfocus.cli import doctor, main
from deepfocus.core.errors import DeepFocusError


def test_all_is_well_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("deepfocus ")
    for label in (
        "numpy",
        "onnxruntime",
        "network blobs_finder",
        "network decoras",
        "extra [ms]",
        "SoFiA-2",
    ):
        assert any(line.startswith(label) for line in lines), label
    assert not any(line.startswith("!") for line in lines)


def test_what_every_command_needs_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "scipy" else known(name))
    assert main(["doctor"]) == 2
    assert "! scipy" in capsys.readouterr().out


def test_what_is_optional_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = doctor._version
    monkeypatch.setattr(
        doctor, "_version", lambda name: None if name == "python-casacore" else known(name)
    )
    assert main(["doctor"]) == 0
    assert "pip install 'deepfocus-alma[ms]'" in capsys.readouterr().out


def test_weights_that_are_not_those_of_their_cards_are_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> None:
        raise DeepFocusError("weights are damaged", wanted="others", remedy="install again")

    monkeypatch.setattr("deepfocus.weights.six.load_six", damaged)
    assert main(["doctor"]) == 2
    assert "! networks" in capsys.readouterr().out
