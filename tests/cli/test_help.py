"""Every command shows an example, which it understands."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from deepfocus.cli.commands import COMMANDS, deepfocus

EXAMPLE = re.compile(r"Examples?: deepfocus ((?:.+\n?)+)")


def help_of(name: str) -> tuple[click.Command, str]:
    command = deepfocus.get_command(click.Context(deepfocus), name)
    assert command is not None
    return command, str(command.help)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_it_understands(name: str) -> None:
    command, text = help_of(name)
    found = EXAMPLE.search(text)
    assert found, f"deepfocus {name} --help has no example"
    words = shlex.split(" ".join(found[1].split()))
    assert words[0] == name
    # refuses an option or a value that is none
    command.make_context(name, words[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_first_what_the_command_does(name: str) -> None:
    _, text = help_of(name)
    assert text[0].isupper()
    assert "." in text.split("\n\n")[0]
