"""The log of a service: one line of JSON per event, libraries included, nothing secret in it."""

import json
import logging
import subprocess
import sys
import threading
import warnings

import pytest
import structlog

from auditor.logs import register_secrets
from tests.logs.logging_to import logging_to_memory, nothing_known  # noqa: F401  # for every test

SECRET = "hunter22-hunter22"


@pytest.fixture(autouse=True)
def _known(nothing_known):  # noqa: F811
    register_secrets([SECRET])


def test_each_event_is_one_line_with_its_context():
    with logging_to_memory() as lines:
        structlog.contextvars.bind_contextvars(audit=7)
        structlog.get_logger("auditor.look").bind(destination="lake", run="web-3h").info("looked", runs=3)
        structlog.contextvars.clear_contextvars()
    (event,) = lines.events
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "looked",
        "level": "info",
        "logger": "auditor.look",
        "audit": 7,
        "destination": "lake",
        "run": "web-3h",
        "runs": 3,
    }


def test_names_from_outside_cannot_fake_a_line():
    with logging_to_memory() as lines:
        structlog.get_logger("auditor").info("seen", key='a\n{"event": "fake"}\u2028\udcff')
    assert len(lines.text.splitlines()) == 1
    assert lines.events[0]["key"].startswith("a\n")


def test_libraries_log_the_same_way_from_warning_on():
    with logging_to_memory() as lines:
        logging.getLogger("some.library").info("usual")
        logging.getLogger("some.library").warning("Retrying %s", f"/c?sig={SECRET}")
        warnings.warn(f"old way with {SECRET}", stacklevel=1)
    assert [event["level"] for event in lines.events] == ["warning", "warning"]
    assert lines.events[0]["event"] == "Retrying /c?sig=***"
    assert SECRET not in lines.text


def test_at_debug_everything_is_logged_but_requests_to_ourselves():
    with logging_to_memory("debug") as lines:
        logging.getLogger("some.library").debug("CanonicalRequest")
        logging.getLogger("uvicorn.access").info("GET /?token=x")
    assert [event["event"] for event in lines.events] == ["CanonicalRequest"]


HIDING_PLACES = [
    ("the event", lambda log: log.info(f"refused {SECRET}")),
    ("a value", lambda log: log.info("x", value=SECRET)),
    ("a name", lambda log: log.info("x", **{SECRET: 1})),
    ("a mapping in a list", lambda log: log.info("x", value=[{"a": (SECRET,)}])),
    ("bytes", lambda log: log.info("x", value=SECRET.encode())),
    ("an object", lambda log: log.info("x", value=ValueError(SECRET))),
    ("a header by its name", lambda log: log.info("x", value={"Authorization": "Bearer q"}, cookie="sid=q")),
    ("bound context", lambda log: log.bind(who=SECRET).info("x")),
]


@pytest.mark.parametrize("where, write", HIDING_PLACES, ids=[case[0] for case in HIDING_PLACES])
def test_no_secret_is_logged_wherever_it_stands(where, write):
    with logging_to_memory("debug") as lines:
        write(structlog.get_logger("auditor.test"))
    assert len(lines.events) == 1
    assert SECRET not in lines.text
    assert "Bearer q" not in lines.text
    assert "sid=q" not in lines.text


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_text_of_exceptions_and_of_their_causes_is_without_secrets(form):
    def fail():
        try:
            raise ConnectionError(f"Bearer {SECRET}")
        except ConnectionError as error:
            raise RuntimeError(f"cannot reach https://u:{SECRET}@h/") from error

    with logging_to_memory(form=form) as lines:
        try:
            fail()
        except RuntimeError:
            structlog.get_logger("auditor.test").error("failed", exc_info=True)
            logging.getLogger("apscheduler.executors").exception("Job raised")
    assert lines.text.count("RuntimeError") >= 2
    assert lines.text.count("ConnectionError") >= 2
    assert SECRET not in lines.text


def test_an_error_that_ends_a_thread_is_logged_without_secrets():
    def fail():
        raise RuntimeError(SECRET)

    with logging_to_memory() as lines:
        thread = threading.Thread(target=fail, name="web")
        thread.start()
        thread.join()
    assert lines.events[0]["event"] == "an error ended a thread"
    assert "RuntimeError: ***" in lines.events[0]["exception"]


CRASH = """
import logging, sys
from auditor.logs import register_secrets
from auditor.logs.setup import set_up_logs
set_up_logs()
register_secrets(["hunter22-hunter22"])
logging.getLogger("boto3").warning("%d of", "hunter22-hunter22")
raise RuntimeError("the key is hunter22-hunter22")
"""


def test_a_crash_and_a_line_that_cannot_be_written_tell_no_secret():
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, timeout=60)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert "a line of the log was lost (TypeError): boto3" in lines[0]
    assert "RuntimeError: the key is ***" in json.loads(lines[-1])["exception"]
    assert "hunter22" not in done.stderr


def test_everything_is_undone():
    root = logging.getLogger()
    before = (root.level, [*root.handlers], sys.excepthook, threading.excepthook)
    with logging_to_memory("debug"):
        pass
    assert (root.level, [*root.handlers], sys.excepthook, threading.excepthook) == before


def test_a_crash_of_a_command_tells_no_signature(monkeypatch, capsys):
    import auditor.cli
    from auditor.entry import main

    def crash():
        raise RuntimeError(f"GET https://acme/?sv=1&sig=abc%2B and {SECRET}")

    monkeypatch.setattr(auditor.cli, "main", crash)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 3
    assert "RuntimeError: GET https://acme/?sv=1&sig=*** and ***" in told
    assert "Traceback" in told
