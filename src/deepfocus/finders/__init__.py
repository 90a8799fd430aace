"""Finders: the contract (`finder`), the kinds that can be named (`kinds`), one folder a finder.

`names()` gives the kinds; a class of ours is here by its name, such as `Slim`, and is imported when
it is asked for.
"""

from __future__ import annotations

from typing import Any


def names() -> tuple[str, ...]:
    """The kinds that can be named, ours first, then those of installed packages.

    >>> import deepfocus as df
    >>> df.finders.names()[:4]
    ('slim', 'paper', 'matched_filter', 'flood_fill')
    """
    from deepfocus.finders.kinds import finder_kinds

    return finder_kinds()


def __getattr__(name: str) -> Any:
    """PEP 562: the class of a finder of ours, imported at its first use."""
    from deepfocus.finders.kinds import classes_of_ours, finder_class

    kind = classes_of_ours().get(name)
    if kind is None:
        raise AttributeError(f"module 'deepfocus.finders' has no attribute '{name}'")
    return finder_class(kind)


def __dir__() -> list[str]:
    from deepfocus.finders.kinds import classes_of_ours

    return ["names", *classes_of_ours()]
