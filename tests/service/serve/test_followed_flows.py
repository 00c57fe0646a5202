"""Flows that Experience Platform tells are known before their exports are looked at."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.service.serve.working import Service
from tests.service.serve.played import Played
from tests.worlds.small import WEB, at, small_world

LOOKS = ["content:lake-backup", "place:lake-backup"]


@pytest.mark.parametrize("trouble", ["", "it did not answer"])
def test_no_place_is_looked_at_before_followed_flows_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    played = Played(small_world(WEB, now=at(3)), tmp_path, at(1, 6))
    played.ledger.begin_loop("relist:lake-backup", at(1, 5))  # an earlier process has listed it
    played.ledger.finish_loop("relist:lake-backup", at(1, 5))
    followed = replace(played.service.config, experience_platform={"prod": SimpleNamespace(discover=True)})

    def due() -> list[str]:
        things = played.service.things().items()
        return [name for name, one in things if name in LOOKS and played.service.due_at(one) is not None]

    assert sorted(due()) == LOOKS
    monkeypatch.setattr(Service, "config", property(lambda _self: followed))
    assert due() == []
    played.ledger.begin_loop("beyond", at(1, 6))
    assert due() == []
    played.ledger.finish_loop("beyond", at(1, 6), trouble=trouble)
    assert sorted(due()) == LOOKS
    played.close()
