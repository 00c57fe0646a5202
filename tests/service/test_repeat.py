"""Repeat audits list what may be new, and say what an audit says that lists everything."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from adapters.base import Unreachable
from auditor.model import Arrival, Content, Level, Status
from auditor.worlds import build_world, list_objects
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, codes, verifier
from tests.worlds.small import CLICKS, DAILY, EVENTS, WEB, at
from tests.worlds.test_composition import spoil

__all__ = ["verifier"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACE = "lake-backup"
UNREACHABLE = Unreachable("no answer", destination=PLACE, operation="list")
FULL = {"relist": timedelta(0)}
LONG = (replace(WEB, start=at(1), rows=(1, 2), parts=(1, 2), backfill=(1, 2)), replace(DAILY, start=at(1, 2, 30)))
END = at(16, 12, 40)


class Counting(MemoryAdapter):
    """Counts the keys that listings give, by whether they began at a key."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.given: Counter[str] = Counter()

    def list_objects(self, prefix, *, start_at=""):
        for info in super().list_objects(prefix, start_at=start_at):
            self.given["in part" if start_at else "in full"] += 1
            yield info


def as_of(world, moment, **options):
    objects = {item.key: (item.data, item.modified) for item in list_objects(world, until=moment)}
    return Counting(objects, world.destination, **options)


def bench(home, world, verifier) -> Bench:
    home.mkdir(exist_ok=True)
    return Bench.of_world(replace(world, deliveries=(), loose=()), home, verifier)


def audit(made: Bench, adapter, now, **options):
    made.adapters[PLACE] = adapter
    return made.audit(**{"is_past": False, "now": now, "level": Level.L1} | options)


def said(result):
    return result.runs, result.findings, result.unverifiable, result.status


@pytest.fixture
def long_world():
    return build_world(LONG, seed="long", now=END, folder="backups")


SPARSE = (replace(LONG[0], start=at(5), every=timedelta(hours=6)), replace(LONG[1], start=at(6, 2, 30)))


@pytest.mark.parametrize("seed", range(6))
def test_every_audit_in_a_row_says_what_one_says_that_lists_everything(tmp_path, verifier, seed):
    random = Random(seed)
    world, _ = spoil(build_world(SPARSE, seed=str(seed), now=END, folder="backups"), random, 8)
    part, full = bench(tmp_path / "part", world, verifier), bench(tmp_path / "full", world, verifier)
    moment, in_part = at(random.randrange(9, 13), 4), 0
    for _ in range(8):
        order = random.choice([None, None, 1])
        adapter = as_of(world, moment, shuffled=order)
        one = audit(part, adapter, moment)
        in_part += any(look.fully_at for look in one.looks)
        assert said(one) == said(audit(full, as_of(world, moment, shuffled=order), moment, **FULL))
        moment += timedelta(minutes=random.choice([5, 40, 170, 500, 1400]))
        if random.random() < 0.3:  # somebody deletes what is not old
            young = [d.prefix for d in world.deliveries if d.due and moment - DAY < d.due < moment]
            world = without(world, random.sample(young, min(2, len(young))))
    assert in_part, "nothing was tried"


def without(world, prefixes):
    return replace(world, deliveries=tuple(d for d in world.deliveries if d.prefix not in prefixes))


def test_a_repeat_audit_asks_for_little_and_says_since_when(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    first, second = as_of(long_world, END), as_of(long_world, END)
    assert {look.fully_at for look in audit(made, first, END).looks} == {None}
    again = audit(made, second, END + timedelta(minutes=5))
    assert {look.fully_at for look in again.looks} == {END}
    assert {look.dataset for look in again.looks} == {EVENTS.id, CLICKS.id, DAILY.datasets[0].id}
    assert first.given["in part"] == second.given["in full"] == 0
    assert 0 < second.given["in part"] < first.given["in full"] / 4


@pytest.mark.parametrize(
    "later, options, in_full",
    [
        (HOUR, {}, False),
        (HOUR, {"reverify": True}, True),
        (HOUR, FULL, True),
        (HOUR, {"relist": timedelta(minutes=90)}, True),  # the next audit would come too late
        (12 * HOUR, {}, False),
        (13 * HOUR, {}, True),
        (-HOUR, {}, True),  # a clock that went back
        (HOUR, {"is_past": True}, True),
    ],
)
def test_when_everything_is_listed(tmp_path, verifier, long_world, later, options, in_full):
    made = bench(tmp_path, long_world, verifier)
    audit(made, as_of(long_world, END), END)
    adapter = as_of(long_world, END)
    result = audit(made, adapter, END + later, **options)
    assert (not adapter.given["in part"]) is in_full
    assert (not any(look.fully_at for look in result.looks)) is in_full


@pytest.mark.parametrize(
    "old, new",
    [
        ("type: local", "ignore: [x]\n    type: local"),
        ("root: ./exports", "root: ./elsewhere"),
        (
            "datasets:\n      - {id: 5ef",
            "folder_template: '%DATASET_ID%/a%EXPORT_TIME%'\n    datasets:\n      - {id: 5ef",
        ),
    ],
)
def test_another_configuration_lists_everything(tmp_path, verifier, long_world, old, new):
    made = bench(tmp_path, long_world, verifier)
    audit(made, as_of(long_world, END), END)
    path = made.home / "auditor.yaml"
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new))
    looks = audit(made, as_of(long_world, END), END + HOUR).looks
    assert {look.fully_at for look in looks if look.dataset == EVENTS.id} == {None}


def test_a_destination_that_cannot_start_at_a_key_is_listed_in_full(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    for n in range(2):
        adapter = as_of(long_world, END)
        adapter._traits = replace(adapter.traits, starts_at_key=False)
        result = audit(made, adapter, END + n * HOUR)
        assert {look.fully_at for look in result.looks} == {None}
        assert adapter.given["in part"] == 0


def test_a_listing_that_broke_off_is_no_ground_for_the_next(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    broken = audit(made, as_of(long_world, END, fail_listing_at=(60, UNREACHABLE)), END)
    assert broken.status is Status.INCOMPLETE
    adapter = as_of(long_world, END)
    audit(made, adapter, END + HOUR)
    assert adapter.given["in full"] > 60


def test_an_audit_of_one_dataset_is_ground_for_the_next_of_it(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    audit(made, as_of(long_world, END), END, dataset=EVENTS.id)
    looks = audit(made, as_of(long_world, END), END + HOUR).looks
    assert {look.dataset for look in looks if look.fully_at} == {EVENTS.id}


def test_what_an_old_folder_lost_is_found_by_the_next_full_listing_and_not_before(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    due = at(5, 9)
    run = next(r for r in long_world.runs() if (r.dataset, r.due) == (EVENTS.id, due))
    lost = without(long_world, {long_world.delivery(run).prefix})
    audit(made, as_of(long_world, END), END)
    assert run_of(audit(made, as_of(lost, END), END + HOUR), due).content is Content.SOUND
    assert run_of(audit(made, as_of(lost, END), END + DAY), due).content is Content.INCOMPLETE


def test_what_an_old_folder_gained_is_found_by_the_next_full_listing(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    due = at(5, 9)
    run = next(r for r in long_world.runs() if (r.dataset, r.due) == (EVENTS.id, due))
    lost = without(long_world, {long_world.delivery(run).prefix})
    assert run_of(audit(made, as_of(lost, END), END), due).arrival is Arrival.MISSING
    audit(made, as_of(long_world, END), END + HOUR)
    assert run_of(audit(made, as_of(long_world, END), END + DAY), due).arrival is Arrival.ON_TIME


def run_of(result, due):
    return next(run for run in result.runs if (run.dataset, run.due) == (EVENTS.id, due))


def test_what_is_awaited_still_is_found_at_once(tmp_path, verifier, long_world):
    """A day and a half after its deadline, too."""
    due = END.replace(hour=0, minute=0) - timedelta(days=1, hours=6)
    run = next(r for r in long_world.runs() if (r.dataset, r.due) == (EVENTS.id, due))
    lost = without(long_world, {long_world.delivery(run).prefix})
    made = bench(tmp_path, long_world, verifier)
    assert run_of(audit(made, as_of(lost, END), END), due).arrival is Arrival.MISSING
    adapter = as_of(long_world, END)
    assert run_of(audit(made, adapter, END + HOUR), due).arrival is Arrival.ON_TIME
    assert adapter.given["in full"] == 0


def test_what_vanished_of_late_makes_everything_be_looked_at(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    audit(made, as_of(long_world, END), END)
    wiped = replace(long_world, deliveries=tuple(d for d in long_world.deliveries if d.dataset != EVENTS.id))
    kept = next(d for d in long_world.deliveries if d.dataset == EVENTS.id)
    result = audit(made, as_of(replace(wiped, deliveries=(*wiped.deliveries, kept)), END), END + HOUR)
    assert {look.dataset for look in result.looks if look.fully_at} == {CLICKS.id, DAILY.datasets[0].id}
    unsure = [r for r in result.runs if r.dataset == EVENTS.id and r.content is Content.UNVERIFIABLE]
    assert len(unsure) > 100, "so much at once is believed when it is seen again"


def test_what_was_not_at_rest_is_looked_at_again_however_old_it_is(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    due = at(5, 9)
    run = next(r for r in long_world.runs() if (r.dataset, r.due) == (EVENTS.id, due))
    key = long_world.delivery(run).prefix + "part-00009-late.json.gz"
    before, after = as_of(long_world, END), as_of(long_world, END)
    before.put(key, b"", END - timedelta(minutes=10))  # growing
    after.put(key, b"\x1f\x8b", END + timedelta(minutes=10))
    audit(made, before, END)
    audit(made, after, END + timedelta(minutes=30))
    assert after.given["in full"] == 0
    assert key in [f for finding in audit(made, after, END + HOUR).findings for f in str(finding.evidence).split("'")]


def test_a_file_that_is_no_longer_as_listed_makes_the_next_audit_list_everything(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    audit(made, as_of(long_world, END), END)
    due = at(5, 9)
    run = next(r for r in long_world.runs() if (r.dataset, r.due) == (EVENTS.id, due))
    adapter = as_of(long_world, END)
    adapter.remove(next(key for key in adapter.objects if key.startswith(long_world.delivery(run).prefix + "part")))
    audit(made, adapter, END + HOUR, level=Level.L2)
    last = audit(made, adapter, END + 2 * HOUR)
    assert {look.dataset for look in last.looks if not look.fully_at} == {EVENTS.id}
    assert "manifest-file-missing" in codes(last)


def test_strays_and_malformed_folders_do_not_vanish_in_between(tmp_path, verifier, long_world):
    made = bench(tmp_path, long_world, verifier)
    odd = {f"backups/{EVENTS.id}/exportTime=2026100/part-0.json": b"{}", f"backups/{EVENTS.id}/a.txt": b"x"}
    results = []
    for n in range(2):
        adapter = as_of(long_world, END)
        for key, data in odd.items():
            adapter.put(key, data, at(3))
        results.append(audit(made, adapter, END + n * HOUR))
    assert adapter.given["in full"] == 0
    assert codes(results[0]) == codes(results[1])
    assert {"stray-object", "folder-malformed"} <= set(codes(results[1]))
