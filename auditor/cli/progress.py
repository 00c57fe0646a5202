"""What long work is doing: a bar on a terminal, a plain line now and then elsewhere, always on the stream given.

Nothing here may stop an audit: a stream that is closed or cannot show a character is put up with.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from threading import RLock
from typing import Protocol, Self, TextIO, cast

from rich.console import Console
from rich.control import Control
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import ControlType

from adapters.base import inert

EVERY_S = 10.0  # a plain line at most this often; work that ends sooner says nothing

Clock = Callable[[], float]


def show_progress(stream: TextIO | None, *, clock: Clock = time.monotonic) -> "TerminalProgress":
    """`with show_progress(sys.stderr) as progress`: a bar if `stream` is a terminal, else lines.

    None (standard error was closed before we were started) is put up with too.
    """
    if stream is None:
        return TerminalProgress(Lines(StringIO(), clock))
    return TerminalProgress(Bar(stream) if stream.isatty() else Lines(stream, clock))


class Display(Protocol):
    """One way of showing it. All texts given are harmless and on one line."""

    def show(self, text: str, done: int, total: int | None) -> None:
        """The state now."""

    def note(self, text: str) -> None:
        """A line that stays."""

    def make_room(self) -> None:
        """Something else is about to write to the same terminal."""

    def close(self, *, failed: bool) -> None:
        """The work is over."""


class TerminalProgress:
    """What the service reports to. Use it in a `with`; its methods may be called from any thread."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._lock = RLock()
        self._text = ""
        self._done = 0
        self._total: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._lock:
            self._display.close(failed=kind is not None)

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a new piece of work of `total` steps (None: not known)."""
        with self._lock:
            self._text, self._done, self._total = inert(text), 0, total
            self._display.show(self._text, self._done, self._total)

    def advance(self, n: int = 1) -> None:
        """`n` more steps are done."""
        with self._lock:
            self._done += n
            self._display.show(self._text, self._done, self._total)

    def note(self, text: str) -> None:
        """Something worth a line of its own, at once."""
        with self._lock:
            self._display.note(inert(text))

    def make_room(self) -> None:
        """Before a line of the report is written to the terminal that shows the bar."""
        with self._lock:
            self._display.make_room()


class Lines:
    """At most one line in `EVERY_S` seconds; notes at once."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = Forgiving(stream)
        self._clock = clock
        self._told_at = clock()
        self._told = ""
        self._newest = ""

    def show(self, text: str, done: int, total: int | None) -> None:
        self._newest = f"{text}: {render_steps(done, total)}"
        if self._clock() - self._told_at >= EVERY_S:
            self._told_at = self._clock()
            self._tell()

    def note(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def make_room(self) -> None:
        """Lines end where they end."""

    def close(self, *, failed: bool) -> None:
        if self._told and not failed:
            self._tell()

    def _tell(self) -> None:
        if self._newest != self._told:
            self._told = self._newest
            self.note(self._newest)


class Bar:
    """A bar that vanishes when the work is done and stays where it failed; notes stay above it."""

    def __init__(self, stream: TextIO) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[steps]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(file=cast("TextIO", Forgiving(stream)), highlight=False, emoji=False, markup=False),
            transient=True,
            redirect_stdout=False,  # standard output is the report's: rich would send it where the bar is
        )
        self._task = self._bar.add_task("", total=None, steps="")
        self._text = ""

    def show(self, text: str, done: int, total: int | None) -> None:
        if text != self._text:
            self._text = text
            self._bar.reset(self._task, description=text)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total, steps=render_steps(done, total))

    def note(self, text: str) -> None:
        self._bar.console.print(text, soft_wrap=True)

    def make_room(self) -> None:
        if self._bar.live.is_started:
            self._bar.console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))

    def close(self, *, failed: bool) -> None:
        self._bar.live.transient = not failed
        self._bar.stop()


class Forgiving:
    """A stream that shows what it can: once it is closed, full or gone, writing does nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def render_steps(done: int, total: int | None) -> str:
    """`1,200` or `120 of 2,000`."""
    return f"{done:,}" if total is None else f"{done:,} of {total:,}"
