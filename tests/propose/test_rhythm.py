"""Which schedules export times give, and what must not spoil them."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from auditor.propose.rhythm import find_stretches
from tests.propose.making import START, every

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def told(stamps):
    """(hours, first due) of each stretch; None for one that is not clear."""
    found = find_stretches(sorted(int(stamp.timestamp()) for stamp in stamps))
    return [(s.rhythm.step / 3600, datetime.fromtimestamp(s.first, UTC)) if s.clear else None for s in found]


def without(stamps, share, seed=1):
    random = Random(seed)
    return [stamps[0], *(stamp for stamp in stamps[1:-1] if random.random() >= share), stamps[-1]]


def jittered(stamps, most, seed=1):
    random = Random(seed)
    return [stamp + timedelta(seconds=random.randrange(most)) for stamp in stamps]


def on_demand(count, days, seed=1):
    random = Random(seed)
    return [START + timedelta(seconds=random.randrange(days * 86_400)) for _ in range(count)]


THREE = every(3, 200)
DAILY = every(24, 40, START + 2.5 * HOUR)
CASES = [  # told, stamps, expected
    ("every three hours", THREE, [(3, START)]),
    ("four exports are enough", every(3, 4), [(3, START)]),
    ("a fifth of the runs is missing", without(THREE, 0.2), [(3, START)]),
    ("a third of daily runs is missing", without(DAILY, 0.33), [(24, DAILY[0])]),
    ("stamps come minutes after due", jittered(THREE, 12 * 60), [(3, START)]),
    ("stamps come up to forty minutes after due", jittered(DAILY, 40 * 60), [(24, DAILY[0])]),
    ("second deliveries", [*THREE, *(s + 50 * MINUTE for s in THREE[::7])], [(3, START)]),
    ("on-demand runs among three-hourly ones", [*THREE, *on_demand(40, 25)], [(3, START)]),
    ("a daily and an on-demand pattern", [*DAILY, *on_demand(25, 39)], [(24, DAILY[0])]),
    ("an outage of two weeks", [*every(3, 100), *every(3, 100, START + 27 * 24 * HOUR)], [(3, START)]),
    ("nine hours drift over the day", every(9, 60), [(9, START)]),
    ("every seven hours", every(7, 60), [(7, START)]),
    ("weekly", every(168, 12, DAILY[0]), [(168, DAILY[0])]),
    ("hourly", jittered(every(1, 100), 300), [(1, START)]),
    ("over a change of the clocks in Europe and America", every(24, 60, DAILY[0]), [(24, DAILY[0])]),
    (
        "daily, then every six hours",
        [*DAILY, *every(6, 60, DAILY[-1] + 6 * HOUR)],
        [(24, DAILY[0]), (6, DAILY[-1] + 6 * HOUR)],
    ),
    (
        "daily at another time",
        [*DAILY, *every(24, 20, DAILY[-1] + 30 * HOUR)],
        [(24, DAILY[0]), (24, DAILY[-1] + 30 * HOUR)],
    ),
    (
        "every three hours, then every eight, with runs missing",
        [*without(THREE, 0.1), *without(every(8, 60, THREE[-1] + 8 * HOUR + 30 * MINUTE), 0.1)],
        [(3, START), (8, THREE[-1] + 8 * HOUR + 30 * MINUTE)],
    ),
    ("a schedule edited just now shows too little yet", [*DAILY, *every(3, 6, DAILY[-1] + 4 * HOUR)], [(24, DAILY[0])]),
    ("a schedule edited yesterday is not clear", [*DAILY, *every(6, 7, DAILY[-1] + 4 * HOUR)], [(24, DAILY[0]), None]),
    (
        "a schedule edited two days ago",
        [*DAILY, *every(5, 9, DAILY[-1] + 4 * HOUR)],
        [(24, DAILY[0]), (5, DAILY[-1] + 4 * HOUR)],
    ),
    ("three exports could be chance", every(3, 3), []),
    ("on-demand runs alone", on_demand(30, 30), [None]),
    ("nothing", [], []),
    ("one export", [START], []),
    ("the same moment again and again", [START] * 10, []),
]


@pytest.mark.parametrize("case, stamps, expected", CASES, ids=[case[0] for case in CASES])
def test_rhythm(case, stamps, expected):
    assert told(stamps) == expected


@pytest.mark.parametrize("seed", range(20))
def test_exports_at_random_have_no_clear_rhythm(seed):
    found = told(on_demand(12 + seed * 5, 30, seed))
    assert not found or found[-1] is None


@pytest.mark.parametrize("seed", range(20))
def test_all_at_once_spoils_nothing(seed):
    stamps = [*jittered(without(THREE, 0.1, seed), 600, seed), *on_demand(15, 25, seed)]
    assert told(stamps) == [(3, START)]


def test_years_of_history_take_no_time():
    stamps = jittered(every(3, 8 * 365 * 4), 600)
    [(hours, first)] = told(stamps)
    assert hours == 3
    assert first > START  # only the newest are looked at
