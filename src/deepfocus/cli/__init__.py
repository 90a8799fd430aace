"""The command `deepfocus`: parse, call, write; no science.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: done; 2: bad input or usage, reported in one line on stderr; 130: interrupted; 141: the
    reader of the output is gone.
    """
    import click

    from deepfocus.jobs.threads import ONE_THREAD

    if arguments is None:  # the process is the command's alone
        os.environ.update(ONE_THREAD)

    from deepfocus.cli.commands import deepfocus
    from deepfocus.core.errors import DeepFocusError
    from deepfocus.core.files import FULL

    try:
        code = deepfocus.main(
            args=None if arguments is None else list(arguments),
            prog_name="deepfocus",
            standalone_mode=False,
        )
        return code if isinstance(code, int) else 0
    except DeepFocusError as error:
        return _complain(str(error), BAD_INPUT)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return BAD_INPUT
    except click.UsageError as error:
        hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        return _complain(error.format_message() + hint, BAD_INPUT)
    except click.ClickException as error:
        return _complain(error.format_message(), BAD_INPUT)
    except MemoryError:
        return _complain("not enough memory; use a smaller cube or a larger machine", BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _print_no_more()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno not in FULL or error.filename is not None:
            raise
        _print_no_more()
        return _complain(f"cannot write what is printed: {error.strerror}", BAD_INPUT)


def _print_no_more() -> None:
    """Keep the interpreter from flushing what nobody takes, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str, code: int) -> int:
    print(f"deepfocus: {' '.join(text.split())}", file=sys.stderr)
    return code
