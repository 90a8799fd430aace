"""docs/settings.md states the real defaults. Run this file as a script to write them anew."""

import re
from pathlib import Path

from deepfocus.cli.toml_text import toml_text
from deepfocus.core.settings import settings_to
from deepfocus.pipeline.settings import PipelineSettings
from deepfocus.simulate.settings import SetSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def with_defaults(page: str) -> str:
    """The page with each table of defaults as the code has it."""
    for name, settings in (("set", SetSettings()), ("detection", PipelineSettings())):
        block = f"<!-- {name} -->\n```toml\n{toml_text(settings_to(settings))}```"
        page = re.sub(
            f"<!-- {name} -->(\n```toml\n.*?```)?", lambda _, b=block: b, page, flags=re.S
        )
    return page


def test_the_page_states_the_defaults() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_defaults(page)


if __name__ == "__main__":
    PAGE.write_text(with_defaults(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
