"""Progress: a bar on a terminal, a line now and then elsewhere, silence for short work, and never a failure."""

import contextlib
import io
import os
import re
import sys
import threading
import time

import pytest

from auditor.cli.progress import EVERY_S, show_progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_short_work_says_nothing(clock):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.stage("verifying", 100)
        for _ in range(100):
            clock.now += EVERY_S / 101
            progress.advance()
    assert out.getvalue() == ""


def test_long_work_says_a_line_every_ten_seconds_and_how_it_ended(clock):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.stage("verifying", 2500)
        for _ in range(100):
            clock.now += EVERY_S / 40
            progress.advance(25)
    assert out.getvalue().splitlines() == [
        "verifying: 1,000 of 2,500",
        "verifying: 2,000 of 2,500",
        "verifying: 2,500 of 2,500",
    ]


def test_the_end_is_not_said_twice(clock):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.stage("listing")
        clock.now = EVERY_S
        progress.advance(7)
    assert out.getvalue() == "listing: 7\n"


def test_work_that_failed_does_not_say_that_it_ended(clock):
    out = io.StringIO()
    with contextlib.suppress(RuntimeError), show_progress(out, clock=clock) as progress:
        progress.stage("listing", 9)
        clock.now = EVERY_S
        progress.advance()
        progress.advance()
        raise RuntimeError
    assert out.getvalue() == "listing: 1 of 9\n"


def test_a_note_is_said_at_once(clock):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.note("lake-backup asks us to slow down")
        assert out.getvalue() == "lake-backup asks us to slow down\n"


@pytest.mark.parametrize("name", ["\x1b[2Jx", "a\nb", "[bold]x[/bold]", "\udcff", "\u202ex"])
def test_a_name_cannot_break_or_fake_a_line(clock, name):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.note(name)
        clock.now = EVERY_S
        progress.stage(name)
    lines = out.getvalue().split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert "[bold]" not in name or lines[0] == name


def test_a_stream_without_the_character_shows_its_number(clock):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show_progress(out, clock=clock).note("größe")
    assert out.buffer.getvalue() == b"gr\\xf6\\xdfe\n"


def test_a_stream_that_is_gone_stops_nothing(clock):
    out = io.StringIO()
    with show_progress(out, clock=clock) as progress:
        out.close()
        progress.note("x")
        clock.now = EVERY_S
        progress.stage("y")


def test_no_stream_at_all_stops_nothing(clock):
    with show_progress(None, clock=clock) as progress:
        clock.now = EVERY_S
        progress.stage("x")
        progress.note("y")


def test_many_threads_lose_no_step(clock):
    with show_progress(out := io.StringIO(), clock=clock) as progress:
        progress.stage("verifying", 4000)
        threads = [threading.Thread(target=lambda: [progress.advance() for _ in range(1000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.now = EVERY_S
        progress.advance(0)
    assert out.getvalue() == "verifying: 4,000 of 4,000\n"


@contextlib.contextmanager
def terminal():
    """A real pseudo-terminal and what was written to it so far."""
    leader, follower = os.openpty()
    got: list[bytes] = []

    def drain() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(leader, 65536):
                got.append(data)

    reader = threading.Thread(target=drain)
    reader.start()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        yield stream, got
    reader.join(10)
    os.close(leader)


def test_a_terminal_gets_a_bar_that_vanishes_and_notes_that_stay(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with terminal() as (stream, got), show_progress(stream) as progress:
        progress.stage("verifying [bold]x[/bold]\x1b[2J", 2)
        progress.advance()
        progress.note("one [red]note[/red]\x1b]0;title\x07")
        progress.advance()
    shown = b"".join(got).decode()
    bare = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert "verifying [bold]x[/bold]\\x1b[2J" in bare
    assert "2 of 2" in bare
    assert "one [red]note[/red]\\x1b]0;title\\x07" in bare
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown
    assert "\x1b[2K" in shown  # the bar's line is erased


def test_a_terminal_that_is_gone_stops_nothing():
    with terminal() as (stream, _):
        progress = show_progress(stream)
        with progress:
            progress.stage("x", 3)
            stream.close()
            time.sleep(0.3)  # the bar is drawn again by itself meanwhile
            progress.advance()
            progress.note("y")


def test_what_goes_to_standard_output_meanwhile_stays_there(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    with terminal() as (stream, got), show_progress(stream) as progress:
        progress.stage("verifying", 2)
        print('{"path": "a"}')
    assert out.getvalue() == '{"path": "a"}\n'
    assert b"path" not in b"".join(got)


def test_where_the_work_failed_the_bar_stays(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (stream, got), contextlib.suppress(RuntimeError), show_progress(stream) as progress:
        progress.stage("verifying", 9)
        progress.advance(4)
        raise RuntimeError
    assert b"4 of 9" in b"".join(got).split(b"\x1b[2K")[-1]


def test_a_bar_on_a_terminal_without_unicode_is_drawn_in_ascii(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (stream, got):
        stream.reconfigure(encoding="ascii")
        with show_progress(stream) as progress:
            progress.stage("größe", 2)
            progress.advance()
    assert b"".join(got).isascii()
    assert b"gr\\xf6\\xdfe" in b"".join(got)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_of_the_report_does_not_stand_behind_the_bar():
    with show_progress(out := Terminal()) as progress:
        progress.stage("files checked")
        progress.make_room()
        out.write("✓ sound part-0.json.gz\n")
    before = out.getvalue().partition("✓ sound")[0]
    assert "files checked" in before
    assert before.endswith("\r\x1b[2K")
