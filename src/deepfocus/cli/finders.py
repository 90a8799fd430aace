"""`deepfocus finders`: the names that `detect --finder` takes."""

from __future__ import annotations

import click


@click.command()
def finders() -> None:
    """List the finders of DeepFocus and of installed packages, one per line."""
    from deepfocus.core.errors import DeepFocusError
    from deepfocus.finders.kinds import finder_class, finder_kinds

    kinds = finder_kinds()
    width = max(map(len, kinds))
    for kind in kinds:
        try:
            line = finder_class(kind).summary
        except DeepFocusError as error:
            line = f"({error.came})"
        click.echo(f"{kind.ljust(width)}  {line}")
