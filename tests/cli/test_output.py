"""A report reaches its place whole, or the place is named in one sentence."""

import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditor.cli import output
from auditor.cli.output import CannotWriteError, can_show, read_options, write_report

# For processes of their own: the module alone, not the whole command line.
ALONE = f"""
import os, runpy
from pathlib import Path
module = runpy.run_path({output.__file__!r})
write_report, CannotWriteError = module["write_report"], module["CannotWriteError"]
"""


def alone(code: str, **more) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run([sys.executable, "-c", ALONE + code], env=environment, check=False, **more)


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("path", [None, Path("-")])
def test_without_a_file_the_report_goes_to_standard_output(path):
    write_report("größe\n", path, stdout=(out := stream()))
    assert out.buffer.getvalue() == "größe\n".encode()


def test_a_character_the_terminal_does_not_have_is_escaped():
    write_report("→\udcff\n", None, stdout=(out := stream("ascii")))
    assert out.buffer.getvalue() == b"\\u2192\\udcff\n"


def test_a_file_is_written_in_utf8_and_nothing_is_left_beside_it(tmp_path):
    write_report("größe\n", tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == "größe\n".encode()
    assert listed(tmp_path) == ["a.json"]


def test_a_new_file_has_the_mode_the_user_wants_and_an_old_one_keeps_its_own(tmp_path):
    assert alone("os.umask(0o027); write_report('x', Path('new'))", cwd=tmp_path).returncode == 0
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write_report("y", tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_a_reader_never_sees_half_a_report(tmp_path):
    place = tmp_path / "report"
    texts = ["a" * 300_000, "b" * 300_000]
    write_report(texts[0], place)
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(place.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(30):
        write_report(texts[number % 2], place)
    done.set()
    reader.join()
    assert seen <= set(texts)


def test_a_failed_write_leaves_the_old_report(tmp_path, monkeypatch):
    (tmp_path / "r").write_text("old")

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(CannotWriteError, match="no space left on device"):
        write_report("new", tmp_path / "r")
    assert (tmp_path / "r").read_text() == "old"
    assert listed(tmp_path) == ["r"]


@pytest.mark.parametrize(
    "name, reason",
    [
        ("no/such/r.json", "the folder 'no/such' does not exist; create it, or name another file"),
        ("folder", "is a directory"),
        ("file/r.json", "not a directory"),
        ("x" * 300, "file name too long"),
    ],
)
def test_what_cannot_be_written_is_named_with_the_reason(tmp_path, monkeypatch, name, reason):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(CannotWriteError) as caught:
        write_report("x", Path(name))
    assert str(caught.value) == f"cannot write the report to {name!r}: {reason}"
    assert caught.value.exit_code == 2
    assert listed(Path()) == ["file", "folder"]


def test_a_pipe_or_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_report("x\n", pipe)
    reader.join(10)
    assert got == ["x\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    write_report("x", Path(os.devnull))
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_report("new", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_reader_that_goes_away_is_no_error_and_leaves_no_trace():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        process = alone(
            "write_report('x' * 10_000_000, None); raise SystemExit(1)", stdout=pipe, stderr=subprocess.PIPE
        )
    assert (process.returncode, process.stderr) == (1, b"")


def test_a_full_disk_behind_standard_output_is_said():
    code = "try: write_report('x', None)\nexcept CannotWriteError as error: raise SystemExit(str(error))"
    with Path("/dev/full").open("w") as full:
        process = alone(code, stdout=full, stderr=subprocess.PIPE)
    assert process.stderr == b"cannot write the report to standard output: No space left on device\n"


def test_a_closed_standard_output_is_said():
    code = "try: write_report('x', None)\nexcept CannotWriteError as error: raise SystemExit(str(error))"
    process = alone(f"os.close(1); import sys; sys.stdout = None\n{code}", stderr=subprocess.PIPE)
    assert process.stderr == b"cannot write the report to standard output: it is closed\n"
    assert read_options(None).colour is False


@pytest.mark.parametrize("encoding, unicode", [("utf-8", True), ("ascii", False), ("latin-1", False), ("utf-16", True)])
def test_the_encoding_decides_about_symbols(encoding, unicode):
    assert can_show(stream(encoding), "✓") == unicode
    assert read_options(stream(encoding)).unicode == unicode


def test_what_is_no_terminal_gets_no_colour_and_a_fixed_width():
    options = read_options(stream())
    assert (options.colour, options.width) == (False, 100)


@pytest.mark.parametrize(
    "environment, colour", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colour_unless_it_is_not_wanted(monkeypatch, environment, colour):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb", buffering=0), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        assert read_options(terminal).colour == colour
