"""docs/settings.md states the real defaults. Run this file as a script to write them anew."""

import re
from pathlib import Path

import tomlkit

from deepfocus.core.settings import settings_to
from deepfocus.finders.kinds import OURS, finder_class, finder_to
from deepfocus.simulation.settings import SetSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def with_defaults(page: str) -> str:
    """The page with each table of defaults as the code has it."""
    finders = {kind: {"finder": finder_to(finder_class(kind)())} for kind in OURS}
    for name, table in {"set": settings_to(SetSettings()), **finders}.items():
        block = f"<!-- {name} -->\n```toml\n{tomlkit.dumps(table)}```"
        page = re.sub(
            f"<!-- {name} -->(\n```toml\n.*?```)?", lambda _, b=block: b, page, flags=re.S
        )
    return page


def test_the_page_states_the_defaults() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_defaults(page)


if __name__ == "__main__":
    PAGE.write_text(with_defaults(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
