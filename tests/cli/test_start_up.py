"""Help answers at once: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from deepfocus.cli.commands import deepfocus
from deepfocus.finders.kinds import OURS

HEAVY = (
    "numpy",
    "scipy",
    "astropy",
    "torch",
    "matplotlib",
    "jinja2",
    "onnxruntime",
    "cattrs",
    "tqdm",
    "zarr",
    "casacore",
    "distributed",
)


def _imported_by(*arguments: str) -> set[str]:
    """The heavy modules that a fresh interpreter holds after the command."""
    code = (
        "import sys, contextlib, io\n"
        "from deepfocus.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main({list(arguments)!r})\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    assert _imported_by("--help") == set()
    assert _imported_by("--version") == set()


@pytest.mark.parametrize("command", deepfocus.list_commands(click.Context(deepfocus)))
def test_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    assert _imported_by(command, "--help") == set()


def test_what_detection_and_simulation_run_on_workers_needs_no_torch() -> None:
    modules = (
        "deepfocus.train.store_arrays",  # of a simulated store
        "deepfocus.evaluation.campaign",
        "deepfocus.api",
        *(place.partition(":")[0] for place in OURS.values()),
    )
    code = f"import sys, {', '.join(modules)}; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
