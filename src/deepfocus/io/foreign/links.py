"""What another program calls a column of ours, and in which unit it stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """One column there and here.

    theirs : its name in the other program's list
    unit : its unit there, in astropy's spelling; '' if it has none; 'header' if the file says it
    ours : the column of `core.catalogue.SCHEMA` whose value it becomes
    said : how one follows from the other, where that is more than a change of unit
    """

    theirs: str
    unit: str
    ours: str
    said: str = ""


def names_there(links: Iterable[Link], ours: str) -> tuple[str, ...]:
    """What a column of ours is called there; nothing if it has no counterpart."""
    return tuple(dict.fromkeys(link.theirs for link in links if link.ours == ours))
