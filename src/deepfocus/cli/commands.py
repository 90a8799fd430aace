"""The group of commands: each is a module of this package, imported on first use."""

from __future__ import annotations

from importlib import import_module

import click

from deepfocus import __version__

COMMANDS = (
    "demo",
    "simulate",
    "sets",
    "inject",
    "dirty",
    "clean",
    "train",
    "doctor",
    "inspect",
    "detect",
    "finders",
    "completeness",
    "fidelity",
    "lines",
    "cutouts",
    "evaluate",
    "benchmark",
)


class LazyGroup(click.Group):
    """Finds the command `name` in the module `deepfocus.cli.<name>`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"deepfocus.cli.{cmd_name}"), cmd_name)
        return command


@click.command(cls=LazyGroup)
@click.version_option(__version__, prog_name="deepfocus")
def deepfocus() -> None:
    """Find and measure line emitters in dirty radio-interferometric cubes."""
