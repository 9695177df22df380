"""The ``musictrend`` command: wires the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys

import typer

from musictrend.cli import common
from musictrend.errors import MusictrendError, NothingUsableError, ParameterError

__all__ = ["app", "main"]

app = typer.Typer(
    name="musictrend",
    help="Trends in harmonic complexity that carry their own error, down to the chord.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Trends in harmonic complexity that carry their own error, down to the chord.

    Try: musictrend demo -o demo
    """
    if debug:
        os.environ["MUSICTREND_DEBUG"] = "1"
    if version:
        from musictrend import __version__

        print(f"musictrend {__version__}")
        raise typer.Exit()


def _register() -> None:
    from musictrend.cli import analysis, chords, corpora, laws, runs

    for module in (analysis, corpora, chords, runs, laws):
        module.register(app)


_register()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; always ends the process."""
    sys.exit(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = app(args=arguments, standalone_mode=False)
        return code if isinstance(code, int) else common.OK
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return common.INTERRUPTED
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return common.INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return common.OK
    except MusictrendError as error:
        if os.environ.get("MUSICTREND_DEBUG"):
            raise
        place = getattr(error, "place", "")
        hint = getattr(error, "hint", "")
        line = " ".join(str(error).split())
        print(f"error: {line}" + (f" ({place})" if place else "") + (f"; {hint}" if hint else ""), file=sys.stderr)
        if isinstance(error, NothingUsableError):
            return common.NOTHING_USABLE
        return common.USAGE if isinstance(error, ParameterError) else common.FAILED
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):  # click's usage errors
            error.show()
            return int(error.exit_code)
        if os.environ.get("MUSICTREND_DEBUG"):
            raise
        words = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        print(f"error: {words}; this is a defect of musictrend: --debug before the command shows where", file=sys.stderr)
        return common.FAILED
