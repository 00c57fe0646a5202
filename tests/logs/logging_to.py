"""Logs of a test, read back."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from auditor.logs import redaction
from auditor.logs.setup import set_up_logs


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch) -> None:
    """Secrets that other tests of this process have read are no part of this one."""
    monkeypatch.setattr(redaction, "_KNOWN", redaction._Known())


class Lines:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def logging_to_memory(level: str = "info", form: str = "json") -> Iterator[Lines]:
    """Logs as the service sets them up, undone afterwards."""
    lines = Lines()
    undo = set_up_logs(level, form, stream=lines.stream)
    try:
        yield lines
    finally:
        undo()
