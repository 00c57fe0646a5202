"""Audits at random moments while exports come in: in the end they say what one audit at the end says."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from adapters.base import Unreachable
from auditor.ledger import Ledger
from auditor.model import Arrival, Level
from auditor.worlds import list_objects
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, verifier
from tests.worlds.small import DAILY, WEB, at, small_world
from tests.worlds.test_composition import spoil

__all__ = ["verifier"]


UNREACHABLE = Unreachable("no answer", destination="lake-backup", operation="list")
ASKED = [
    {},
    {},
    {"flow": WEB.name},
    {"dataset": DAILY.datasets[0].id},
    {"level": Level.L1},
    {"since": at(6)},
    {"reverify": True},
]


def as_of(world, moment, **breaks):
    """The destination as it stood at `moment`."""
    objects = {item.key: (item.data, item.modified) for item in list_objects(world, until=moment)}
    return MemoryAdapter(objects, world.destination, **breaks)


def said(result):
    """What an audit says, apart from the moments that only a ledger with a past can know."""
    findings = sorted((f.code, str(f.due), f.dataset, f.key, f.message) for f in result.findings)
    runs = [replace(run, findings=(), arrived_at=None) for run in result.runs]
    return runs, findings, result.unverifiable, result.status


def current(bench, result):
    """What the ledger holds as the verdicts of now."""
    with Ledger.open(f"sqlite:///{bench.home / 'export-auditor.db'}") as ledger:
        names = {(v.flow, v.dataset) for v in result.runs}
        held = [ledger.previous_verdicts(flow, dataset, "lake-backup") for flow, dataset in names]
    return {(v.flow, v.dataset, v.due): v for one in held for v in one.values()}


@pytest.mark.parametrize("seed", range(6))
def test_many_audits_on_the_way_end_where_one_audit_ends(tmp_path, verifier, seed):
    random = Random(seed)
    start = replace(WEB, start=at(5), rows=(2, 3)), replace(DAILY, start=at(4, 2, 30), rows=(2, 3))
    world, _ = spoil(small_world(*start, seed=str(seed)), random, 6)
    span = world.now - at(4)
    steps = sorted(at(4) + span * random.random() for _ in range(random.choice((3, 8, 20))))
    if seed % 2:  # an eager watchman: every few minutes around a few due times
        steps = sorted({at(5, hour) + timedelta(minutes=5 * n) for hour in (9, 12) for n in range(16)})
    (tmp_path / "once").mkdir()
    often = Bench.of_world(replace(world, deliveries=(), loose=()), tmp_path, verifier)
    once = Bench.of_world(replace(world, deliveries=(), loose=()), tmp_path / "once", verifier)
    for moment in [*steps, world.now]:
        dark = {"fail_listing_at": (random.randrange(9), UNREACHABLE)} if random.random() < 0.2 else {}
        often.adapters["lake-backup"] = as_of(world, moment, **dark)
        often.audit(is_past=False, now=moment, **random.choice(ASKED))
    end = world.now + timedelta(hours=1)  # what changed last has settled for both
    once.adapters["lake-backup"] = often.adapters["lake-backup"] = as_of(world, world.now)
    one, many = once.audit(is_past=False, now=end), often.audit(is_past=False, now=end)
    assert said(many) == said(one)
    assert current(often, many) == {(v.flow, v.dataset, v.due): v for v in many.runs if v.due}
    assert any(run.arrival is Arrival.ON_TIME for run in many.runs)
