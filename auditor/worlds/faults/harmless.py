"""What looks odd and is harmless: an audit must say nothing of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from auditor.worlds.faults.befall import RESTED, befall, find_intact
from auditor.worlds.model import Delivery, Loose, NotHere, Run, World

STEP = timedelta(milliseconds=100)  # a copy job writes one export after the other


def leave_marks(world: World, run: Run) -> World:
    """A Spark job's marks and a folder marker beside the files. No finding."""
    delivery = find_intact(world, run)
    tid = delivery.parts[0].name.split("-")[3]
    names = ("_SUCCESS", f"_started_{tid}", f"_committed_{tid}", "")
    marks = tuple(Loose(delivery.prefix + name, b"", delivery.complete_at) for name in names)
    return befall(world, delivery, replace(delivery, loose=marks), "leave_marks")


def copy_all(world: World, at: datetime) -> World:
    """The destination was copied at `at`: what lay there then has the times of the copy.

    No finding; when these exports came is doubtful, for each dataset.
    """
    if at > world.now - RESTED or any("delay" in d.faults or "hasten" in d.faults for d in world.deliveries):
        raise NotHere("a copy hides what came late or early")
    if any(at < flow.start + timedelta(days=5) for flow in world.flows):
        raise NotHere("too few exports to tell a copy from a delay")
    copied = [
        _timed(delivery, at + number * STEP) if delivery.complete_at <= at else delivery
        for number, delivery in enumerate(world.deliveries)
    ]
    chains = sorted({(d.flow, d.dataset) for d in world.deliveries if d.due is not None})
    return replace(world, deliveries=tuple(copied), undated=tuple(chains))


def _timed(delivery: Delivery, moment: datetime) -> Delivery:
    parts = tuple(replace(p, modified=moment) for p in delivery.parts)
    manifests = tuple(replace(m, modified=moment) for m in delivery.manifests)
    loose = tuple(replace(o, modified=moment) for o in delivery.loose)
    return replace(delivery, parts=parts, manifests=manifests, loose=loose)
