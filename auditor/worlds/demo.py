"""The demo: four weeks of exports of a small retailer, with known faults of many kinds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor.worlds import faults
from auditor.worlds.model import Run, World, WorldDataset, WorldFlow
from auditor.worlds.plan import build_world

DEMO_NOW = datetime(2026, 10, 29, 9, 12, tzinfo=UTC)  # twelve minutes into a run: something is still arriving
START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2027, 4, 1, tzinfo=UTC)

WEB = WorldDataset("5ef3e324052581191aa6a466", "Web events")
COMMERCE = WorldDataset("6504a2f1abf9b128d3f90e5d", "Commerce events")
CHAT = WorldDataset("66018d8312377d2c68545bac", "Support chat events")
PROFILES = WorldDataset("64b1c0d2f3a4e5968778a9b0", "Customer profiles", "profiles")
LOYALTY = WorldDataset("63f8e7d6c5b4a39281706f5e", "Loyalty profiles", "profiles")
SURVEYS = WorldDataset("65d4c3b2a190f8e7d6c5b4a3", "Survey answers")
CONSENTS = WorldDataset("64e7f8091a2b3c4d5e6f7081", "Consent profiles", "profiles")
CATALOGUE = WorldDataset("65a0b1c2d3e4f5061728394a", "Product catalogue")
RETURNS = WorldDataset("660f1e2d3c4b5a6978879605", "Return events")
CAMPAIGNS = WorldDataset("62a9b8c7d6e5f40312233445", "Campaign events")
FORGOTTEN = WorldDataset("61c0ffee5e1f1e55c0a1f00d", "Store visits")

FLOWS = (
    WorldFlow(
        name="web-3h",
        id="d0420d72-756c-4159-9e7f-7d3e2f8b501e",
        datasets=(WEB, COMMERCE, CHAT),
        start=START,
        end=END,
        manifest=True,
    ),
    WorldFlow(
        name="profiles-daily",
        id="5b0c2f9e-37a1-4c5e-8a43-0c1d2e3f4a5b",
        datasets=(PROFILES, LOYALTY, CONSENTS),
        start=START + timedelta(hours=2, minutes=30),
        every=timedelta(days=1),
        end=END,
        format="parquet",
        digits=14,
        starts_after=timedelta(minutes=1, seconds=13),
        parts=(2, 3),
        backfill=(6, 80),
    ),
    WorldFlow(
        name="surveys-daily",
        id="8f7e6d5c-4b3a-4291-8071-605f4e3d2c1b",
        datasets=(SURVEYS, CATALOGUE, RETURNS),
        start=START + timedelta(hours=5),
        every=timedelta(days=1),
        end=END,
        format="parquet",
        compression="none",
        parts=(2, 2),
    ),
    WorldFlow(
        name="campaigns-6h",
        id="1a2b3c4d-5e6f-4708-9a0b-1c2d3e4f5061",
        datasets=(CAMPAIGNS,),
        start=datetime(2026, 10, 5, tzinfo=UTC),
        every=timedelta(hours=6),
        end=END,
        parts=(1, 2),
    ),
)


def make_demo() -> World:
    """The demo world as it stands at DEMO_NOW. Always the same."""
    world = build_world(FLOWS, seed="demo", now=DEMO_NOW)
    return _claim(_spoil_layout(_spoil_manifests(_spoil_files(_spoil_arrival(world)))))


def _web(day: int, hour: int) -> Run:
    return Run("web-3h", WEB.id, _at(day, hour))


def _commerce(day: int, hour: int) -> Run:
    return Run("web-3h", COMMERCE.id, _at(day, hour))


def _chat(day: int, hour: int) -> Run:
    return Run("web-3h", CHAT.id, _at(day, hour))


def _at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, second, tzinfo=UTC)


def _spoil_arrival(world: World) -> World:
    world = faults.drop_run(world, _web(12, 15))
    world = faults.delay(world, _commerce(9, 6), timedelta(hours=4))
    world = faults.duplicate_delivery(world, _web(20, 9))
    world = faults.unexpected_run(world, "profiles-daily", LOYALTY.id, _at(16, 14, 12, 33))
    world = faults.drop_run(world, Run("profiles-daily", PROFILES.id, _at(11, 2, 30)))
    world = faults.stop_runs(world, "web-3h", CHAT.id, _at(28, 15))
    return faults.end_flow(world, "campaigns-6h", _at(29, 0))


def _spoil_files(world: World) -> World:
    world = faults.truncate_file(world, _web(7, 21))
    world = faults.flip_byte(world, _commerce(14, 3))
    world = faults.empty_file(world, _chat(18, 12))
    world = faults.bad_record(world, _web(23, 6))
    world = faults.no_records(world, _chat(15, 0))
    world = faults.wrong_compression(world, _commerce(22, 18))
    world = faults.repeat_task(world, _commerce(26, 21))
    world = faults.flip_byte(world, Run("profiles-daily", PROFILES.id, _at(19, 2, 30)), part=1)
    world = faults.truncate_file(world, Run("profiles-daily", LOYALTY.id, _at(24, 2, 30)))
    world = faults.rename_format(world, Run("surveys-daily", SURVEYS.id, _at(13, 5)))
    world = faults.odd_schema(world, Run("surveys-daily", SURVEYS.id, _at(21, 5)))
    return faults.truncate_file(world, Run("campaigns-6h", CAMPAIGNS.id, _at(17, 12)))


def _spoil_manifests(world: World) -> World:
    world = faults.drop_file(world, _first_with_files(world, COMMERCE.id, _at(8, 0), 2))
    world = faults.resize(world, _chat(10, 15))
    world = faults.extra_file(world, _web(25, 3))
    world = faults.drop_manifest(world, _chat(21, 9))
    return faults.broken_manifest(world, _commerce(17, 0))


def _spoil_layout(world: World) -> World:
    world = faults.malformed_folder(world, _web(5, 12))
    world = faults.stray(world, _at(6, 8, 41))
    world = faults.unknown_dataset(world, "web-3h", FORGOTTEN, _at(27, 3))
    return faults.leave_marks(world, _chat(13, 6))


def _claim(world: World) -> World:
    """Where Experience Platform's records say something else than storage; and a dataset that nobody exports."""
    world = replace(world, unexported=(FORGOTTEN,))
    world = faults.fail_run(world, _surveys(16))
    world = faults.lose_export(world, _surveys(19))
    world = faults.empty_run(world, _surveys(25))  # a Sunday: nobody answered
    world = faults.miscount_records(world, _web(24, 12), by=40)
    return faults.forget_run(world, Run("campaigns-6h", CAMPAIGNS.id, _at(14, 6)))


def _surveys(day: int) -> Run:
    return Run("surveys-daily", SURVEYS.id, _at(day, 5))


def _first_with_files(world: World, dataset: str, since: datetime, files: int) -> Run:
    """The first run of web-3h from `since` on that came in at least `files` files."""
    return next(
        run
        for run in world.runs()
        if run[:2] == ("web-3h", dataset) and run.due >= since and len(world.delivery(run).parts) >= files
    )
