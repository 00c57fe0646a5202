"""What is answered: health, readiness, the page, reports."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from auditor.incident_model import IncidentKey, Signed
from auditor.model import AuditResult, Status
from auditor.web.app import make_app
from auditor.web.page import render_age
from tests.web.served import NOW, Played, full_state, make_config, make_incident, make_loop, make_notice, make_result

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\n\u202e\x1b[31m\udcff"


def client(state=None, **options):
    return TestClient(make_app(state or Played()), base_url="http://127.0.0.1", **options)


def test_it_lives_even_where_nothing_else_works():
    state = Played(ledger_error="ledger x: gone", loops=[make_loop(ago=None)])
    assert client(state).get("/healthz").json() == {"status": "alive"}
    assert client(state).head("/healthz").content == b""


def test_ready():
    answer = client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": [], "warnings": []})


def test_not_ready_says_why_and_nobody_told_is_a_warning():
    state = Played(loops=[make_loop(ago=timedelta(hours=1))], health_changes={"nobody_told": "nobody will be told"})
    answer = client(state).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0].startswith("place:lake is due every")
    assert answer.json()["warnings"] == ["nobody will be told"]


def test_the_page_says_how_everything_stands():
    text = client(full_state()).get("/").text
    assert '<h1 class="s-attention">' in text
    assert "2 open incidents" in text
    assert "It did not come." in text
    assert "gone for good" in text
    for title in ("Open incidents", "Destinations", "The service&#39;s own work", "What nobody was told"):
        assert title in text


def test_the_page_fetches_nothing_and_runs_nothing():
    answer = client(full_state()).get("/")
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\son\w+=", answer.text)
    assert not re.search(r"(?:src|href)=\"(?!/)", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'name="viewport"' in answer.text
    assert "prefers-color-scheme: dark" in answer.text


def test_names_from_outside_are_only_text():
    incident = make_incident(message=HOSTILE, acknowledged=Signed(HOSTILE, NOW, HOSTILE))
    incident = make_incident(2, key=IncidentKey("export-late", HOSTILE, HOSTILE, HOSTILE)), incident
    state = full_state(
        incidents=incident,
        notices=[make_notice(title=HOSTILE, channel="", reason=HOSTILE)],
        loops=[make_loop(HOSTILE, trouble=HOSTILE)],
        health_changes={"nobody_told": HOSTILE, "config_trouble": HOSTILE},
    )
    text = client(state).get("/").text
    assert "<script" not in text
    assert not set("\x1b\u202e") & set(text)
    assert "{{7*7}}" in text


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_hostile_names_break_no_other_answer(path):
    state = full_state(
        loops=[make_loop(HOSTILE, ago=timedelta(days=1), trouble=HOSTILE)],
        incidents=[make_incident(key=IncidentKey(HOSTILE, HOSTILE, HOSTILE, HOSTILE))],
        newest={(HOSTILE, HOSTILE, HOSTILE): NOW},
    )
    assert client(state).get(path).status_code in (200, 503)


def test_without_its_ledger_the_page_claims_nothing():
    text = client(full_state(ledger_error="ledger db: connection refused")).get("/").text
    assert "Nothing can be said: ledger db: connection refused" in text
    assert "s-unknown" in text
    assert "Open incidents" not in text


def test_green_needs_that_looking_goes_on():
    assert 'h1 class="s-good"' in client(Played()).get("/").text
    stale = Played(loops=[make_loop(ago=timedelta(hours=2))])
    assert 'h1 class="s-unknown"' in client(stale).get("/").text


def test_nothing_watched_is_not_green():
    nothing = Played(result=make_result(runs=(), status=Status.INCOMPLETE))
    assert 'h1 class="s-unknown"' in client(nothing).get("/").text


def test_many_lines_are_cut_and_the_rest_is_counted():
    text = client(full_state(incidents=[make_incident(n) for n in range(140)])).get("/").text
    assert text.count('<td data-column="number">') == 100
    assert "and 40 more" in text
    assert "140 open incidents" in text


def test_a_failure_tells_whoever_asks_nothing_of_it():
    class Failing(Played):
        def present(self) -> AuditResult:
            raise RuntimeError("secret-detail")

    answer = client(Failing(), raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "this could not be answered; the log says why"}


AGES = [
    (0, "0 s"),
    (119, "119 s"),
    (120, "2 min"),
    (7200, "2 h"),
    (12_000, "3 h 20 min"),
    (432_000, "5 days"),
    (-5, "0 s"),
]


@pytest.mark.parametrize("seconds, text", AGES)
def test_ages_are_as_fine_as_people_want_them(seconds, text):
    assert render_age(timedelta(seconds=seconds)) == text


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "reports"
    (place / "2026-09").mkdir(parents=True)
    (place / "2026-09/report.html").write_text("<p>September</p>")
    (place / "2026-09/population.csv").write_text("a,b\n")
    (place / ".hidden.html").write_text("no")
    (place / "ledger.db").write_text("no")
    (tmp_path / "secret.html").write_text("no")
    (place / "link.html").symlink_to(tmp_path / "secret.html")
    (place / "inner.html").symlink_to(place / "2026-09/report.html")
    return place


def test_reports_are_served_and_listed_newest_first(folder):
    asking = client(Played(config=make_config(reports=[folder])))
    listed = asking.get("/reports/").json()
    assert {one["address"] for one in listed} == {"/reports/1/2026-09/report.html", "/reports/1/2026-09/population.csv"}
    answer = asking.get("/reports/1/2026-09/report.html")
    assert answer.text == "<p>September</p>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert asking.head("/reports/1/2026-09/report.html").status_code == 200
    assert 'href="/reports/1/2026-09/report.html"' in asking.get("/").text


@pytest.mark.parametrize(
    "path",
    ["1/../secret.html", "1/..%2fsecret.html", "1/%2e%2e/secret.html", "1/link.html", "1/.hidden.html", "1/ledger.db",
     "1//etc/hostname", "1/%2fetc%2fhostname", "1/2026-09", "1/", "0/2026-09/report.html", "2/2026-09/report.html",
     "-1/2026-09/report.html", "1/a%00.html", "1/" + "a" * 5000 + ".html", "99999999999999999999/x.html"],
)  # fmt: skip
def test_nothing_else_of_the_machine_is_served(folder, path):
    answer = client(Played(config=make_config(reports=[folder]))).get(f"/reports/{path}")
    assert answer.status_code in (404, 405)
    assert answer.text != "no"


def test_a_folder_that_is_not_there_yet_has_no_reports(tmp_path):
    asking = client(Played(config=make_config(reports=[tmp_path / "none"])))
    assert asking.get("/reports/").json() == []
    assert "None yet." in asking.get("/").text
