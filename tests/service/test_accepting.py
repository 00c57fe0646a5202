"""What somebody accepts is told no more, and is what later looks are held against."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.incident_model import Sight, Signed
from auditor.incidents import Expecting, update_incidents
from auditor.model import Content
from auditor.service.accepting import accept_incident
from tests.report.schemas import read_held
from tests.service.auditing import codes, verifier
from tests.service.changing import EVENTS, HOUR, RUN, Changing, bare_world, changes, other, verdict_of

__all__ = ["verifier"]

FLOWS = frozenset({("json", EVENTS.id, "lake-backup")})


@pytest.fixture
def place(tmp_path, verifier):
    made = Changing.of(bare_world(), tmp_path, verifier)
    look(made, timedelta())
    return made


def look(place, after=timedelta(minutes=5), **options):
    """One look, and what becomes of incidents by it."""
    result = place.look(after, **options)
    expected = Expecting(FLOWS, frozenset({"lake-backup"}), None)
    with place.ledger() as ledger:
        sight = Sight(result, frozenset({"lake-backup"}), is_whole=not options.get("recent", False))
        ledger.update_incidents_with(lambda known: update_incidents(known, sight, now=place.now, expected=expected))
    return result


def live(place):
    with place.ledger() as ledger:
        return {one.number: one.key.code for one in ledger.live_incidents()}


def accept(place, number, *more, by="jo", why="the old export was made anew by hand"):
    config = ["-c", str(place.bench.home / "auditor.yaml")]
    return CliRunner().invoke(app, ["accept", str(number), "--by", by, "--why", why, *config, *more])


def test_an_accepted_change_is_told_no_more_and_the_next_one_is(place):
    key = place.keys_of()[0]
    place.rewrite(key, other(place.held.objects[key][0]))
    look(place)
    [number] = live(place)
    done = accept(place, number)
    assert (done.exit_code, done.output.splitlines()[0]) == (
        0,
        f"Accepted: incident {number}, export-changed of json / {EVENTS.id} / lake-backup.",
    )
    assert (codes(look(place)), live(place)) == ([], {})
    place.rewrite(key, b'{"a":1}\n', HOUR)
    assert "export-changed" in codes(look(place, 2 * HOUR))


@pytest.mark.parametrize("all_of_it", [False, True])
def test_an_accepted_deletion_leaves_the_export_incomplete_and_put_up_with(place, all_of_it):
    keys = place.keys_of()
    place.remove(*(keys if all_of_it else keys[:1]))
    look(place)
    [number] = live(place)
    assert accept(place, number).exit_code == 0
    for options in ({}, {"relist": None}, {"reverify": True}):
        result = look(place, **options)
        told = verdict_of(result)
        [finding] = told.findings
        assert (told.content, finding.code) == (Content.INCOMPLETE, "export-deleted")
        assert (finding.waived.by, finding.waived.reason) == ("jo", "the old export was made anew by hand")
        assert result.status.value == "good"
        assert live(place) == {}


def test_what_is_deleted_after_the_acceptance_is_told(place):
    keys = place.keys_of()
    place.remove(keys[0])
    look(place)
    [number] = live(place)
    place.remove(keys[1])
    assert accept(place, number).exit_code == 0
    [finding] = verdict_of(look(place)).findings
    assert (finding.waived, finding.evidence["files"]) == (None, [keys[1]])


def test_a_mass_loss_is_accepted_with_all_that_it_explains(place):
    place.remove(*[key for key in place.held.objects if EVENTS.id in key])
    look(place)
    look(place)
    [number] = [number for number, code in live(place).items() if code == "mass-loss"]
    parts = [number for number, code in live(place).items() if code == "export-deleted"]
    done = accept(place, number, "--json")
    assert done.exit_code == 0
    assert read_held(done.output)["also"] == parts
    assert {f.code for f in look(place).findings if f.waived is None} == {"protection-stale"}
    assert set(live(place).values()) == {"protection-stale"}


def test_an_acceptance_that_broke_off_is_finished_by_the_same_command(place):
    place.remove(place.keys_of()[0])
    look(place)
    [number] = live(place)
    with place.ledger() as ledger:
        ledger.accept(number, Signed("jo", place.now, "the old export was made anew by hand"))
    look(place)
    assert accept(place, number).exit_code == 0
    assert [f.waived.by for f in look(place).findings] == ["jo"]


def test_what_ends_by_itself_cannot_be_accepted_and_it_is_said_what_to_do(place):
    place.held.objects.clear()
    place.bench.adapters.clear()  # a place that is not there
    look(place)
    look(place)
    look(place)
    [number] = live(place)
    done = accept(place, number)
    assert done.exit_code == 2
    assert f"export-auditor ack {number}" in done.output
    assert "waiver" in done.output


def test_an_incident_that_is_not_there_or_over_cannot_be_accepted(place):
    assert "there is no incident 7" in accept(place, 7).output
    gone = place.remove(place.keys_of()[0])
    look(place)
    [number] = live(place)
    place.held.objects |= gone
    look(place)
    look(place)
    assert live(place) == {}
    done = accept(place, number)
    assert (done.exit_code, "is over since" in done.output) == (2, True)


@pytest.mark.parametrize("words", [{"by": " "}, {"why": ""}])
def test_nobody_accepts_anything_without_name_and_reason(place, words):
    assert accept(place, 1, **words).exit_code == 2


def test_another_run_of_the_same_dataset_opens_a_new_incident_after_the_acceptance(place):
    place.remove(place.keys_of()[0])
    look(place)
    [number] = live(place)
    with place.ledger() as ledger:  # by the clock of this world: what is seen later is another matter
        accept_incident(ledger, number, Signed("jo", place.now, "made anew by hand"))
    look(place)
    place.remove(place.keys_of(RUN._replace(due=RUN.due + 24 * HOUR))[0])
    assert changes(look(place))
    assert list(live(place).values()) == ["export-deleted"]
    assert number not in live(place)
