"""The options of commands that run a finder: which, and with what settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deepfocus.finders.finder import Finder


@dataclass(frozen=True)
class WhichFinder:
    """The options as given."""

    kind: str | None
    settings: Path | None
    pairs: tuple[str, ...]
    weights: Path | None

    def at(self, path: Callable[[Path], Path]) -> WhichFinder:
        """With the paths that go to workers as these know them."""
        return self if self.weights is None else replace(self, weights=path(self.weights))

    def finder(self) -> Finder:
        """Raises `DeepFocusError` for an unknown finder or setting, or an invalid value."""
        from deepfocus.cli.finder_choice import chosen_finder

        return chosen_finder(self.kind, file=self.settings, pairs=self.pairs, weights=self.weights)


def which_finder(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which receives them as the argument `which`."""

    @click.option(
        "--finder",
        "kind",
        metavar="NAME",
        help="A name that deepfocus finders lists. Default: deepfocus.",
    )
    @click.option("--settings", type=click.Path(path_type=Path), help="Settings as TOML.")
    @click.option(
        "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One setting; repeatable."
    )
    @click.option(
        "--weights",
        type=click.Path(path_type=Path),
        help="Folder of networks that replace the shipped ones, for a finder that has some.",
    )
    @wraps(command)
    def with_finder(
        *args: Any,
        kind: str | None,
        settings: Path | None,
        pairs: tuple[str, ...],
        weights: Path | None,
        **kwargs: Any,
    ) -> None:
        command(*args, which=WhichFinder(kind, settings, pairs, weights), **kwargs)

    return with_finder
