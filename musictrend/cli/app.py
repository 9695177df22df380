"""The ``musictrend`` command: wires the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import typer

from musictrend.cli import common
from musictrend.errors import MusictrendError, NothingUsableError, ParameterError

__all__ = ["app", "main"]

app = typer.Typer(
    name="musictrend",
    help="Trends in harmonic complexity that carry their own error, down to the chord.\n\nTry: musictrend demo -o demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error; may stand anywhere."),
) -> None:
    if version:
        from musictrend import __version__

        print(f"musictrend {__version__}")
        raise typer.Exit()


def _register() -> None:
    from musictrend.cli import analysis, chords, corpora, engines, evaluation, laws, runs

    for module in (analysis, corpora, chords, engines, evaluation, runs, laws):
        module.register(app)


_register()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; always ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    stop = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:stop]  # wherever it stands: it is added when a command failed
    given = [word for i, word in enumerate(given) if i >= stop or word != "--debug"]
    try:
        code = app(args=given, prog_name="musictrend", standalone_mode=False)
        sys.stdout.flush()
        if code == common.INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else common.OK
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return common.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the reader of our output went away; click makes it an exit of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return common.OK
    except MusictrendError as error:
        if debug:
            traceback.print_exc()
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
        if debug:
            traceback.print_exc()
        words = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        if isinstance(error, OSError):  # a full disk, a folder without permission
            words = (
                f"{error.filename or 'a file'}: {error.strerror or error}; free space or permissions, then run again"
            )
        else:
            words += "; this is a defect of musictrend: the same command with --debug shows where"
        print(f"error: {words}", file=sys.stderr)
        return common.FAILED
