"""How everything stands now, where several looks have each seen a part of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from auditor.checks import CATALOGUE
from auditor.ledger import Ledger
from auditor.model import Arrival, Content, Finding, Status, Verdict
from auditor.service.present import read_present

NOW = datetime(2026, 10, 7, tzinfo=UTC)
CONFIG = SimpleNamespace(destinations={"lake": None}, flows={})
MALFORMED, UNREACHABLE = "folder-malformed", "destination-unreachable"


def look(ledger: Ledger, after: int, *codes: str, recent: bool) -> None:
    """One look at the lake, `after` minutes, that found these codes about the place."""
    now = NOW + timedelta(minutes=after)
    options = {"destination": "lake", "recent": recent, "beyond": False}
    audit = ledger.begin_audit(now=now, tool_version="1", config_hash="c", options=options)
    run = Verdict("web", "d", "lake", NOW, Arrival.ON_TIME, Content.SOUND, folder="f/")
    ledger.record_verdicts(audit, [run], at=now)
    found = [Finding(code, CATALOGUE[code].severity, code, destination="lake") for code in codes]
    ledger.record_findings(audit, found, at=now)
    ledger.finish_audit(audit, status=Status.GOOD, watched=(), files_read=0, files_reused=0, bytes_read=0)


def codes(ledger: Ledger) -> list[str]:
    return sorted(one.code for one in read_present(ledger, CONFIG, now=NOW).findings)


def test_what_only_a_whole_look_finds_stands_until_the_next_whole_one():
    with Ledger.in_memory() as ledger:
        look(ledger, 0, MALFORMED, UNREACHABLE, recent=False)
        look(ledger, 5, recent=True)
        assert codes(ledger) == [MALFORMED]
        look(ledger, 10, MALFORMED, UNREACHABLE, recent=True)
        assert codes(ledger) == [UNREACHABLE, MALFORMED]
        look(ledger, 15, recent=False)
        assert codes(ledger) == []
