# SPDX-License-Identifier: MIT
"""How the commands in tools/ start and fail.

A command imports what it needs from the package inside its function: so --help is quick, and a missing
module is reported by run() with the package to install.
"""

import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from . import LabError, children

__all__ = ["HELP", "click", "fail", "run", "sharded"]

DEBIAN = {"elftools": "python3-pyelftools"}  # the other packages are named after their module
ERROR, USAGE = 1, 2  # exit statuses


def fail(message: str, status: int = ERROR) -> NoReturn:
    """Print `tools/NAME: message` on stderr and end with the status."""
    print(f"tools/{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(status)


def fail_without(missing: ModuleNotFoundError) -> NoReturn:
    """Name the Debian package of a module that is not installed."""
    module = (missing.name or "").partition(".")[0]
    fail(f"python's {module} is missing: apt-get install {DEBIAN.get(module, f'python3-{module}')}")


if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until run(): Ctrl-C during an import is no traceback
try:
    import click
except ModuleNotFoundError as error:
    fail_without(error)


def sentence(error: OSError) -> str:
    """What the host refused, and of which file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        source, _, why = error.args[0][0]  # copytree lists all files that it could not copy
        return f"{source}: {why}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def run(command: click.Command) -> NoReturn:
    """Run a command with the words of the command line; an error is one sentence and a status other than 0."""
    children.own_signals()
    try:
        status = command.main(standalone_mode=False)
    except click.UsageError as error:
        fail(f"{error.format_message().rstrip('.')}: see --help", USAGE)
    except click.ClickException as error:
        fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        print(f"tools/{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        children.end()
    except ModuleNotFoundError as error:
        fail_without(error)
    except LabError as error:
        fail(str(error))
    except OSError as error:
        fail(sentence(error))
    except Exception as error:  # a mistake of the tool: for the user still a sentence
        if "UCOW_TRACEBACK" in os.environ:
            raise
        fail(f"{type(error).__name__}: {error}: a mistake in the tool, please report it; UCOW_TRACEBACK=1 shows where it is")
    sys.exit(status if isinstance(status, int) else 0)


HELP = {"help_option_names": ["-h", "--help"]}  # context_settings of every command


def sharded(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a search that can run on many machines; the command gets a Part of shard.py as `part`."""
    @functools.wraps(command)
    def with_part(*args: Any, shard: str, results: Path | None, merge: tuple[Path, ...], **words: Any) -> None:
        from .shard import Part
        command(*args, part=Part.from_words(shard, results, merge), **words)

    file = click.Path(dir_okay=False, path_type=Path)
    for option in (
            click.option("--merge", type=click.Path(dir_okay=False, exists=True, path_type=Path), multiple=True,
                         metavar="FILE", help="Search nothing: report what these files of all shards have; may be repeated."),
            click.option("--results", type=file, metavar="FILE",
                         help="Write each result here at once; if the file exists, continue after its results."),
            click.option("--shard", default="", metavar="I/N", help="Only the I-th of N parts of the search.")):
        option(with_part)
    return with_part
