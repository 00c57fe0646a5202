"""Work that is asked for and fails each time makes the service unready, however often it is tried."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.service.serve.looking import Looking
from auditor.web.state import read_health
from tests.service.serve.played import Played
from tests.worlds.small import WEB, at, small_world

CONTENT = "content:lake-backup"


def test_files_that_are_never_read_make_the_service_unready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(small_world(WEB, now=at(3)), tmp_path, at(1, 6))

    def fails(*_: Any, **__: Any) -> Any:
        raise OSError("no space left on device")

    def stale() -> list[str]:
        return [one.thing for one in read_health(played.service, played.ledger).stale_loops(played.clock.now)]

    def turn() -> bool:
        played.service.work("place:lake-backup")
        is_read = played.service.work(CONTENT)
        played.sleep_until(played.clock.now + timedelta(minutes=10))
        return is_read

    monkeypatch.setattr(Looking, "into_files", fails)
    assert not any(turn() for _ in range(15))
    assert played.ledger.read_loops()[CONTENT].trouble
    assert CONTENT in stale()
    monkeypatch.undo()
    assert any(turn() for _ in range(6))
    assert CONTENT not in stale()
    played.close()
