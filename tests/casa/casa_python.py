"""CASA's Python, which runs scripts for tests.

It is the one that DEEPFOCUS_CASA_PYTHON names, or that of .venv-casa, which `make casa` makes.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def casa_python() -> tuple[str, bool]:
    """CASA's Python, and whether it is the one that `make casa` made. Skips without one."""
    named = os.environ.get("DEEPFOCUS_CASA_PYTHON")
    if named:
        return named, False
    ours = ROOT / ".venv-casa" / "bin" / "python"
    if not ours.exists():
        pytest.skip("no CASA: `make casa` installs it, or set DEEPFOCUS_CASA_PYTHON to its Python")
    return str(ours), True


def run_casa(script: Path, folder: Path, *arguments: str | Path) -> None:
    """Run a script in a folder; it must end well."""
    python, ours = casa_python()
    environment = {key: value for key, value in os.environ.items() if key != "CASASITECONFIG"}
    if ours:
        environment["HOME"] = str(folder)  # the user's ~/.casa would come before .venv-casa's
    command = [python, str(script), *map(str, arguments)]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
