"""What the service is told while it runs: a new configuration, a wrong one, a secret that was renewed."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.fake_s3 import Answer, Request, error, fake_s3, page
from tests.service.serve.forked import Forking, forking
from tests.service.serve.processes import Home, wait_until


@pytest.fixture(scope="module")
def begun() -> Iterator[Forking]:
    with forking() as made:
        yield made


def test_a_valid_change_is_used_as_a_whole_a_wrong_one_is_refused_and_told(tmp_path: Path, begun: Forking) -> None:
    home = Home(tmp_path, begun)
    life = home.start()
    home.wait_for("serving")
    right = home.config.read_text()
    assert home.get("/readyz").json()["warnings"][0].startswith("nobody will be told")

    home.config.write_text(right.replace("schedule: {every: 3h", "schedule: {every: 3 bananas"))
    life.signal(signal.SIGHUP)
    refused = home.wait_for("the new configuration is refused; the old one goes on")
    assert "3 bananas" in refused["reason"]
    answer = home.get("/readyz")
    assert "the changed configuration is not in use: " in answer.json()["warnings"][0]
    assert home.events("the new configuration is in use") == []
    looked = len(home.events("looked"))
    home.wait_for("looked", times=looked + 1, destination="lake-backup")  # the old one goes on

    renamed = right.replace("web-3h", "web-often").replace("lake-backup", "second-lake")
    home.config.write_text(renamed)
    life.signal(signal.SIGHUP)
    home.wait_for("the new configuration is in use")
    home.wait_for("looked", destination="second-lake")
    assert "not in use" not in home.get("/readyz").text
    assert len(home.events("the new configuration is refused; the old one goes on")) == 1
    life.signal(signal.SIGTERM)
    assert life.wait(15) == 0
    assert home.has_no_traceback()


def test_a_change_is_noticed_without_a_signal_and_another_ledger_needs_a_restart(
    tmp_path: Path, begun: Forking
) -> None:
    home = Home(tmp_path, begun)
    life = home.start()
    home.wait_for("serving")
    home.config.write_text(home.config.read_text().replace("ledger.db", "other.db"))
    refused = home.wait_for("the new configuration is refused; the old one goes on")
    assert "another ledger needs a restart" in refused["reason"]
    assert not (tmp_path / "other.db").exists()
    assert not life.ended.is_set()


@pytest.mark.parametrize("how", ["refused", "changed"])
def test_a_renewed_secret_is_read_again(how: str, tmp_path: Path, begun: Forking) -> None:
    known = {"old-key"}

    def answer(request: Request) -> Answer:
        key = request.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        asked.append(key)
        return page([]) if key in known else error("InvalidAccessKeyId", 403)

    asked: list[str] = []
    with fake_s3(answer) as server:
        about = {"type": "s3", "bucket": "exports", "endpoint_url": server.endpoint_url, "timeout": "5s"}
        about |= {"access_key_id_file": "key", "secret_access_key_file": "secret"}
        (tmp_path / "key").write_text("old-key\n")
        (tmp_path / "secret").write_text("old-secret\n")
        home = Home(tmp_path, begun, destinations=f"  lake-backup: {json.dumps(about)}\n")
        life = home.start()
        home.wait_for("looked")
        if how == "refused":
            known.clear()
            known.add("new-key")
            wait_until(lambda: "access-denied" in home.said() or asked[-3:] == ["old-key"] * 3)
        (tmp_path / "secret").write_text("new-secret\n")
        (tmp_path / "key").write_text("new-key\n")
        known.add("new-key")
        wait_until(lambda: asked[-1] == "new-key")
        home.wait_for("the new configuration is in use")
        life.signal(signal.SIGTERM)
        assert life.wait(15) == 0
    assert home.has_no_traceback()
    for secret in ("old-secret", "new-secret"):
        assert secret not in home.said()
