"""Worlds of any shape with any faults, the same for the same seed."""

from collections.abc import Container
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from auditor.worlds import NotHere, Rhythm, World, WorldDataset, WorldFlow, build_world, describe_expected
from tests.faults.zoo import HARMLESS, OF_A_RUN, OF_A_WHOLE

TRIES = 40  # until a world has a certain answer
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FOLDERS = ("backups", "backups", "", "adobe/exports", "dätä set", "a/b/c")
TEMPLATES = (
    "%DATASET_ID%/%EXPORT_TIME%",
    "%DATASET_ID%/%EXPORT_TIME%",
    "%DATASET_ID%/%EXPORT_TIME%",
    "lake/%DATASET_ID%/%EXPORT_TIME%",
    "%DATASET_NAME%/%EXPORT_TIME%",
    "%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%",
    "%SANDBOX_NAME%/%DATASET_ID%/%EXPORT_TIME%",
)
RHYTHMS = (3, 6, 8, 12, 24, 24)  # hours
CRONS = (("30 2 * * *", "UTC"), ("0 4,16 * * *", "UTC"), ("15 6 * * *", "Europe/Berlin"), ("0 1 * * 1,3,5", "UTC"))


def random_world(seed: int, *, faults: int = 8) -> tuple[World, list[str]]:
    """A world with up to so many faults whose answer is certain, and the names of its faults."""
    random = Random(seed)
    for _ in range(TRIES):
        world, happened = spoil_world(whole_world(random, seed), random, random.randint(1, faults))
        try:
            describe_expected(world)
        except NotHere:
            continue
        if happened:
            return world, happened
    raise AssertionError(f"no certain world for seed {seed}")


def whole_world(random: Random, seed: int) -> World:
    """A world of any shape in which all is well."""
    now = datetime(2026, 10, 9, tzinfo=UTC) + timedelta(minutes=random.randrange(24 * 60), seconds=random.randrange(60))
    template = random.choice(TEMPLATES)
    flows = tuple(_flow(random, number, now, template) for number in range(random.randint(1, 2)))
    return build_world(flows, seed=str(seed), now=now, folder=random.choice(FOLDERS))


def _flow(random: Random, number: int, now: datetime, template: str) -> WorldFlow:
    start = now.replace(hour=0, minute=0, second=0) - random.randint(4, 7) * DAY
    format_ = random.choice(("json", "json", "parquet"))
    flow = WorldFlow(
        name=f"flow-{number}",
        id=f"{number}0420d72-756c-4159-9e7f-7d3e2f8b501e",
        datasets=tuple(_dataset(random, number, n) for n in range(random.randint(1, 2))),
        start=start + random.choice((0, 30, 150)) * timedelta(minutes=1),
        every=random.choice(RHYTHMS) * HOUR,
        format=format_,
        compression=random.choice(("gzip", "gzip", "none")) if format_ == "parquet" else "gzip",
        manifest=random.random() < 0.5,
        mode=random.choice(("incremental", "incremental", "full")),
        template=template,
        digits=random.choice((12, 14)),
        starts_after=random.choice((0, 0, 73, 7 * 60)) * timedelta(seconds=1),
        parts=(2, 3),
        rows=(2, 5),
        backfill=(3, 6),
    )
    flow = replace(flow, manifest_above=flow.manifest and random.random() < 0.2)
    chance = random.random()
    if chance < 0.25:
        cron, zone = random.choice(CRONS)
        flow = replace(flow, cron=cron, zone=zone, every=None, start=start - 7 * DAY)
    elif chance < 0.4 and flow.every is not None:
        edit = Rhythm(flow.start + 2 * DAY, random.choice((6, 12)) * HOUR)
        flow = replace(flow, edits=(edit,), start=flow.start - 4 * DAY)
    if flow.starts_after and flow.digits == 12:
        flow = replace(flow, starts_after=timedelta(minutes=flow.starts_after // timedelta(minutes=1)))
    return flow


def _dataset(random: Random, flow: int, number: int) -> WorldDataset:
    kind = random.choice(("events", "profiles"))
    return WorldDataset(f"{random.getrandbits(80):020x}{flow}{number}ab", f"Data {flow}{number}", kind)


def spoil_world(world: World, random: Random, count: int, *, without: Container[str] = ()) -> tuple[World, list[str]]:
    """`world` with up to `count` faults, none of them named in `without`, and their names."""
    happened: list[str] = []
    runs = list(world.runs())
    for _ in range(count * 12):
        if len(happened) == count or not world.deliveries:
            break
        chance = random.random()
        kind = random.choice(OF_A_WHOLE if chance < 0.08 else HARMLESS if chance < 0.25 else OF_A_RUN)
        if kind.name in without:
            continue
        try:
            world = kind(world, random.choice(runs))
        except NotHere:
            continue
        happened.append(kind.name)
    return world, happened
