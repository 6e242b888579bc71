"""Run a command line of dmsetup's: exit status 0, or 1 for whatever went wrong."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from io import TextIOWrapper
from typing import Final, NoReturn

from ...plist.escapes import to_text
from ...wire.errors import NoServerError
from .columns import Source
from .context import Context, whole_tree
from .options import Options, UsageError, read_options
from .report import FieldsError, Report
from .selecting import mapper_directory
from .session import CommandError, Session
from .verbs import VERBS, usage

FAILED: Final = 1
_UNSORTED: Final = ("status", "table")


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is left behind, a trace helps nobody
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        status = run([to_text(os.fsencode(word)) for word in sys.argv[1:]])
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would flush again when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Do what the words after the program's name say; gives the exit status."""
    try:
        mapper_directory(os.environ)
        options, words = read_options(arguments)
    except ValueError as error:
        return _complain(str(error))
    except UsageError as error:
        return _complain(f"{error}\nCouldn't process command line.")
    if options.version or options.help:
        name = "version" if options.version else "help"
        return _run_verb(options, name, [], with_report=False)
    if not words:
        return _complain(usage())
    name, *words = words
    verb = VERBS.get(name)
    if verb is None:
        return _complain(f"Unknown command\n{usage()}")
    if not verb.takes(len(words)):
        return _complain(f"Incorrect number of arguments\n{usage()}")
    return _run_verb(options, name, words, with_report=options.columns)


def _run_verb(options: Options, name: str, words: Sequence[str], *, with_report: bool) -> int:
    with closing(Session(options)) as session:
        context = Context(options, session)
        try:
            if with_report:
                _begin_report(context, name)
            VERBS[name].run(context, words)
        except FieldsError as error:
            return _complain(str(error))
        except CommandError as error:
            error.report()
            return _complain("Command failed")
        except NoServerError as error:
            return _complain(f"{error}\nCommand failed")
        finally:
            for line in context.report.lines() if context.report else ():
                print(line)
    return 0


def _begin_report(context: Context, name: str) -> None:
    if context.options.sort is not None and name in _UNSORTED:
        raise FieldsError("--sort is not yet supported with status and table")
    report = Report(context.options)
    if Source.TREE in report.sources:
        try:
            whole_tree(context)
        except CommandError as error:
            error.report()
            raise FieldsError("Internal device dependency tree creation failed.") from None
    context.report = report


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return FAILED
