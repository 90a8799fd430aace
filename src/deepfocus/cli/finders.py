"""`deepfocus finders`: the names that `detect --finder` takes."""

from __future__ import annotations

import click


@click.command()
def finders() -> None:
    """List the finders of DeepFocus and of installed packages, one per line.

    Example: deepfocus finders
    """
    from deepfocus.cli.source_table import aligned_left
    from deepfocus.core.errors import DeepFocusError
    from deepfocus.finders.kinds import finder_class, finder_kinds
    from deepfocus.finders.tuned import tuned_names, tuned_settings

    rows = []
    for kind in finder_kinds():
        try:
            line = finder_class(kind).summary
        except DeepFocusError as error:
            line = f"({error.came})"
        rows.append([kind, line])
    for name in tuned_names():
        kind = tuned_settings(name)["kind"]
        rows.append([name, f"{kind} with settings tuned on validation cubes (docs/peers.md)"])
    click.echo(aligned_left(rows))
