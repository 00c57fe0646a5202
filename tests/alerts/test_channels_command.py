"""`alerts test` and `alerts preview`, as they are typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from tests.servers.http_sink import Answer, HttpSink, http_sink
from tests.servers.smtp_sink import smtp_sink

CONFIG = """\
ledger: sqlite:///ledger.db
destinations: {{lake: {{type: local, root: {root}}}}}
flows:
  web:
    destination: lake
    schedule: {{every: 1d, start: "2026-10-01T00:00:00Z"}}
    datasets: [5ef3e324052581191aa6a466]
alerts:
  channels:
    mail: {{apprise: "{mail}", fallback: spare}}
    hook: {{webhook: {{url: "{hook}/in", secret: s3cr3t-sign}}}}
    spare: {{webhook: {{url: "{hook}/spare", secret: s3cr3t-sign}}}}
  routes: [{{name: ops, to: [mail]}}, {{to: [hook]}}]
"""


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as running:
        yield running


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["alerts", *arguments])


def test_each_channel_of_a_route_says_whether_it_took_the_test(tmp_path: Path, sink: HttpSink) -> None:
    config = tmp_path / "auditor.yaml"
    with smtp_sink() as mail:
        config.write_text(CONFIG.format(root=tmp_path, mail=mail.url(), hook=sink.url), encoding="utf-8")
        done = run("test", "-c", str(config))
        assert done.exit_code == 0, done.output
        assert done.output.splitlines() == ["mail: ok (taken)", "hook: ok (HTTP 202)", "spare: ok (HTTP 202)"]
        assert mail.received[0]["subject"].startswith("[test]")
        sink.always = Answer(403, body="wrong s3cr3t-sign")
        failing = run("test", "2", "-c", str(config))
        assert (failing.exit_code, failing.output) == (1, "hook: failed (HTTP 403: wrong …)\n")
        assert run("test", "ops", "-c", str(config)).output.splitlines()[0] == "mail: ok (taken)"
    unknown = run("test", "nobody", "-c", str(config))
    assert unknown.exit_code == 2
    assert "known are: ops, 2" in unknown.output


def test_a_preview_of_nothing_says_so_and_sends_nothing(tmp_path: Path, sink: HttpSink) -> None:
    config = tmp_path / "auditor.yaml"
    config.write_text(CONFIG.format(root=tmp_path, mail="mailto://u:p@example.com", hook=sink.url), encoding="utf-8")
    done = run("preview", "--since", "2026-10-01", "-c", str(config))
    assert done.exit_code == 0, done.output
    assert done.output.startswith("0 notices would have been sent")
    assert sink.got == []
    assert run("preview", "--since", "2026-13-01", "-c", str(config)).exit_code == 2
    assert run("preview", "--since", "2999-01-01", "-c", str(config)).exit_code == 2
