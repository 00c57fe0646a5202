"""Where a report goes: standard output, which holds nothing else, or a file that is whole or not there."""

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TextIO

from auditor.report import ReportOptions

UNICODE_SAMPLE = "✓✗…→ä"
TERMINAL_WIDTH = 100  # where no terminal says how wide it is


class CannotWriteError(Exception):
    """The report cannot be written. `str()` is one sentence that names the place."""

    exit_code = 2


def write_report(text: str, path: Path | None, *, stdout: TextIO | None = None) -> None:
    """Write `text` to `path`, or to standard output (None or `-`).

    A file is replaced in one step: a reader sees the old report or the new one, never half of one.
    A reader of standard output that goes away is no error. Raises CannotWriteError.
    """
    if path is None or str(path) == "-":
        stream: TextIO | None = stdout or sys.stdout  # None where it was closed before we were started
        if stream is None:
            raise CannotWriteError("cannot write the report to standard output: it is closed")
        _write_stream(text, stream)
        return
    try:
        _write_file(text.encode("utf-8", "backslashreplace"), Path(os.path.realpath(path)))
    except OSError as error:
        reason = _explain(path, error)
        raise CannotWriteError(f"cannot write the report to {str(path)!r}: {reason}") from None


def read_options(stream: TextIO | None, *, colour: bool | None = None) -> ReportOptions:
    """What `stream` can show. Colour only on a terminal, and never where NO_COLOR is set, unless asked for."""
    if stream is None:
        return ReportOptions()
    terminal = stream.isatty()
    width = _read_width(stream) if terminal else TERMINAL_WIDTH
    if colour is None:
        colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return ReportOptions(width=width, colour=colour, unicode=can_show(stream, UNICODE_SAMPLE))


def can_show(stream: TextIO, sample: str) -> bool:
    """Whether the encoding of `stream` has the characters of `sample`."""
    try:
        sample.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _read_width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or TERMINAL_WIDTH
    except OSError:
        return TERMINAL_WIDTH


def _write_stream(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _give_up(stream)
    except OSError as error:
        _give_up(stream)
        raise CannotWriteError(f"cannot write the report to standard output: {error.strerror}") from None


def _give_up(stream: TextIO) -> None:
    """What the stream still holds goes nowhere: the interpreter would try, and complain, once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _write_file(data: bytes, path: Path) -> None:
    if path.exists() and not path.is_file():  # a pipe or a device is written to; renaming over it would replace it
        with path.open("wb") as place:
            place.write(data)
        return
    temporary = path.with_name(f".export-auditor-{secrets.token_hex(6)}.tmp")
    try:
        # With the usual mode, so that the umask of the user holds; but what others could not read, they never can.
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as place:
            place.write(data)
            place.flush()
            os.fsync(place.fileno())
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _explain(path: Path, error: OSError) -> str:
    folder = path.parent
    if isinstance(error, FileNotFoundError) and not folder.is_dir():
        return f"the folder {str(folder)!r} does not exist; create it, or name another file"
    return (error.strerror or type(error).__name__).lower()
