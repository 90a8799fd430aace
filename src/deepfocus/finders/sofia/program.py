"""The program `sofia`: where it is, which version, and one run of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.sofia_table import Sources
from deepfocus.finders.sofia.files import no_sources, read_sources
from deepfocus.finders.sofia.parameters import parameter_text

HOME = "https://gitlab.com/SoFiA-Admin/SoFiA-2"
NOTHING_FOUND = 8
"""Exit status, as is 0 if sources were found."""
NO_RELIABILITY = (
    "No negative sources found",
    "No positive sources found",
    "Covariance matrix is not invertible",
)
NAME = "found"
CATALOGUE, RAW_MASK = f"{NAME}_cat.xml", f"{NAME}_mask-raw.fits"


class NoReliability(Exception):
    """SoFiA stopped: it has no or hardly any positive or negative detections to compare."""


@dataclass(frozen=True)
class Found:
    """SoFiA's catalogue, and with how many negative detections it compared the positive ones.

    negatives : 0 if it measured no reliabilities
    """

    sources: Sources
    negatives: int


@dataclass(frozen=True)
class Program:
    """An executable and the version that it states."""

    path: str
    version: str


def find_program(name: str) -> Program:
    """SoFiA-2 by its name or path. Raises `DeepFocusError` if it is not there or something else."""
    path = shutil.which(name)
    if path is None:
        raise DeepFocusError(
            f"the program '{name}' is not on the PATH",
            wanted=f"SoFiA-2, {HOME}",
            remedy="install it, or say where it is with --set program=...",
        )
    said = _run([path])
    version = re.search(r"SoFiA.*?Version:\s*(\S+)", said.stdout + said.stderr, re.DOTALL)
    if version is None:
        raise DeepFocusError(
            f"{path} is not SoFiA-2",
            wanted=f"SoFiA-2, {HOME}",
            remedy="say where it is with --set program=...",
        )
    return Program(path, version[1])


def run_sofia(
    program: Program, parameters: Mapping[str, Any], *, cube: Path, folder: Path
) -> Found:
    """Run SoFiA on the file `cube`, with a folder for what it writes.

    Raises `NoReliability`, and `DeepFocusError` if SoFiA fails.
    """
    file = folder / "sofia.par"
    files = {
        "input.data": cube,
        "output.directory": folder,
        "output.filename": NAME,
        "output.writeRawMask": True,
        "output.writeCatXML": True,
        "output.writeCatASCII": False,
        "output.overwrite": True,
    }
    file.write_text(parameter_text({**parameters, **files}), encoding="utf-8")
    ended = _run([program.path, str(file)])
    said = ended.stdout + ended.stderr
    if any(reason in said for reason in NO_RELIABILITY):
        raise NoReliability
    if ended.returncode == NOTHING_FOUND:
        return Found(no_sources(), _negatives(said))
    if ended.returncode:
        raise DeepFocusError(
            f"SoFiA-2 stopped with status {ended.returncode}: {_complaint(said)}",
            wanted="a cube and settings that SoFiA-2 can search",
            remedy="change the finder's settings (docs/from-sofia-2.md)",
        )
    return Found(read_sources(folder / CATALOGUE), _negatives(said))


def without_reliability(folder: Path) -> dict[str, Any]:
    """Parameters for another run after `NoReliability`, on what the first one clipped."""
    return {
        "reliability.enable": False,
        "scfind.enable": False,
        "threshold.enable": False,
        "input.mask": folder / RAW_MASK,
    }


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise DeepFocusError(
            f"{command[0]} cannot be run: {error.strerror}",
            wanted=f"SoFiA-2, {HOME}",
            remedy="install it anew",
        ) from error


def _negatives(said: str) -> int:
    counted = re.search(r"Found \d+ positive and (\d+) negative", said)
    return int(counted[1]) if counted else 0


def _complaint(said: str) -> str:
    """SoFiA's error as one line without colours."""
    error = re.search(r"ERROR:(.*?)(\x1b|$|Terminating)", said, re.DOTALL)
    return " ".join(error[1].split()) if error else "it did not say why"
