"""Small worlds for the tests of the generator, and how to look at them."""

from datetime import UTC, datetime, timedelta

from auditor.worlds import Run, World, WorldDataset, WorldFlow, build_world, list_objects

EVENTS = WorldDataset("5ef3e324052581191aa6a466", "Web events")
CLICKS = WorldDataset("6504a2f1abf9b128d3f90e5d", "Click events")
PROFILES = WorldDataset("64b1c0d2f3a4e5968778a9b0", "Customer profiles", "profiles")
UNKNOWN = WorldDataset("61c0ffee5e1f1e55c0a1f00d", "Store visits")
NOW = datetime(2026, 10, 7, 13, 20, tzinfo=UTC)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, second, tzinfo=UTC)


WEB = WorldFlow(
    name="web-3h",
    id="d0420d72-756c-4159-9e7f-7d3e2f8b501e",
    datasets=(EVENTS, CLICKS),
    start=at(1),
    manifest=True,
    parts=(2, 3),
    rows=(4, 9),
    backfill=(3, 12),
)
DAILY = WorldFlow(
    name="profiles-daily",
    id="5b0c2f9e-37a1-4c5e-8a43-0c1d2e3f4a5b",
    datasets=(PROFILES,),
    start=at(1, 2, 30),
    every=timedelta(days=1),
    format="parquet",
    digits=14,
    starts_after=timedelta(seconds=73),
    parts=(2, 2),
    rows=(4, 9),
    backfill=(3, 12),
)
WEB_RUN = Run("web-3h", EVENTS.id, at(4, 9))
CLICK_RUN = Run("web-3h", CLICKS.id, at(4, 9))
DAILY_RUN = Run("profiles-daily", PROFILES.id, at(4, 2, 30))


def small_world(*flows: WorldFlow, seed: str = "small", now: datetime = NOW, folder: str = "backups") -> World:
    return build_world(flows or (WEB, DAILY), seed=seed, now=now, folder=folder)


def contents(world: World) -> dict[str, tuple[bytes, datetime]]:
    """Key to bytes and time; a key that is there twice is an error."""
    found: dict[str, tuple[bytes, datetime]] = {}
    for item in list_objects(world):
        assert item.key not in found, item.key
        found[item.key] = (item.data, item.modified)
    return found


def changed(before: World, after: World) -> dict[str, str]:
    """Key to what happened to it: "gone", "new", "bytes", "time"."""
    old, new = contents(before), contents(after)
    told = dict.fromkeys(old.keys() - new.keys(), "gone") | dict.fromkeys(new.keys() - old.keys(), "new")
    for key in old.keys() & new.keys():
        if old[key][0] != new[key][0]:
            told[key] = "bytes"
        elif old[key][1] != new[key][1]:
            told[key] = "time"
    return told
