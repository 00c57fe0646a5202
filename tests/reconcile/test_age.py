"""Doubt about an old export does not silence the alarm about a stale dataset."""

from dataclasses import replace

import pytest

from auditor.model import Content
from auditor.reconcile.dataset import judge_chain
from tests.reconcile.worlds import at, chain, run, sight, sound, with_files

DUES = ["00:00", "06:00", "12:00", "18:00"]


@pytest.mark.parametrize(
    "told, now, codes",
    [
        ("while the doubtful one may be young enough, no one knows", "18:00", []),
        ("its own border belongs to the better answer", "2T00:00", []),
        ("once even that one would be too old, it is certain", "2T00:00:01", ["export-missing", "protection-stale"]),
    ],
)
def test_an_export_that_could_not_be_read_hides_nothing_once_it_is_too_old_itself(told, now, codes):
    good, dark = with_files("00:00", "00:20"), with_files("12:00", "12:20")
    blind = replace(sound(dark.files[0]), content=Content.UNVERIFIABLE, reason="encrypted")
    sights = [
        sight(good),
        sight(with_files("06:00", "06:20"), checks=_damaged()),
        sight(dark, checks={blind.key: blind}),
    ]
    answer = judge_chain(chain([run(due) for due in DUES], sights, now), now=at(now))
    found = [*(f.code for f in answer.findings), *(f.code for v in answer.verdicts for f in v.findings)]
    assert sorted({code for code in found if code != "export-late"}) == codes


def _damaged():
    (file,) = with_files("06:00", "06:20").files
    return {file.key: replace(sound(file), content=Content.DAMAGED)}


@pytest.mark.parametrize(
    "now, stale",
    [("18:00", False), ("2T00:00", False), ("2T00:00:01", True)],
)
def test_what_came_and_was_not_read_yet_is_counted_from_as_if_it_were_sound(now, stale):
    sights = [sight(with_files(due, f"{due[:3]}20"), checks={}) for due in ("00:00", "06:00", "12:00")]
    answer = judge_chain(chain([run(due) for due in DUES], sights, now), now=at(now))
    told = [f.message for f in answer.findings if f.code == "protection-stale"]
    assert bool(told) is stale
    assert all("since" in one and "not read yet" in one and "at all" not in one for one in told)
