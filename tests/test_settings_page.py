"""docs/settings.md states the real defaults. Run this file as a script to write them anew."""

import re
from dataclasses import fields
from pathlib import Path

import tomlkit

from deepfocus.core.catalogue import NAMES
from deepfocus.core.settings import settings_to
from deepfocus.finders.kinds import OURS, finder_class, finder_to
from deepfocus.finders.matched_filter.finder import MatchedFilter
from deepfocus.simulation.injection import Injection
from deepfocus.simulation.settings import SetSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def with_defaults(page: str) -> str:
    """The page with each table of defaults as the code has it."""
    finders = {kind: {"finder": finder_to(finder_class(kind)())} for kind in OURS}
    sets = {
        "set": settings_to(SetSettings()),
        "injection": {"injection": settings_to(Injection())},
    }
    for name, table in {**sets, **finders}.items():
        block = f"<!-- {name} -->\n```toml\n{tomlkit.dumps(table)}```"
        page = re.sub(
            f"<!-- {name} -->(\n```toml\n.*?```)?", lambda _, b=block: b, page, flags=re.S
        )
    return page


def test_the_page_states_the_defaults() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_defaults(page)


def test_the_page_for_users_of_sofia_2_names_what_there_is() -> None:
    page = (PAGE.parent / "from-sofia-2.md").read_text(encoding="utf-8")
    named = {field.name for field in fields(MatchedFilter)}
    assert {name for name in named if f"`{name}" not in page} == set()
    columns = page[page.index("## The catalogue") : page.index("Files:")]
    for row in columns.splitlines():
        cells = row.split("|")
        if len(cells) == 5 and "`" in cells[2]:
            assert set(re.findall("`([a-z_0-9]+)`", cells[2])) <= set(NAMES)


if __name__ == "__main__":
    PAGE.write_text(with_defaults(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
