"""Finders: the contract (`finder`), the registered kinds (`kinds`), and one folder per finder.

`names()` lists the kinds. The classes of the built-in finders, such as `Slim`, are attributes of
this package and are imported on first access.
"""

from __future__ import annotations

from typing import Any


def names() -> tuple[str, ...]:
    """All registered kinds: the built-in ones, then the ones that installed packages add.

    >>> import deepfocus as df
    >>> df.finders.names()[:4]
    ('deepfocus', 'slim', 'paper', 'matched_filter')
    """
    from deepfocus.finders.kinds import finder_kinds

    return finder_kinds()


def __getattr__(name: str) -> Any:
    """PEP 562: import the class of a built-in finder on first access."""
    from deepfocus.finders.kinds import classes_of_ours, finder_class

    kind = classes_of_ours().get(name)
    if kind is None:
        raise AttributeError(f"module 'deepfocus.finders' has no attribute '{name}'")
    return finder_class(kind)


def __dir__() -> list[str]:
    from deepfocus.finders.kinds import classes_of_ours

    return ["names", *classes_of_ours()]
