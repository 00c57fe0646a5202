"""Random worlds of which Experience Platform says random things, true and untrue, the same for the same seed."""

from random import Random

from auditor.worlds import NotHere, World, describe_expected, faults
from auditor.worlds.claimed import list_records
from auditor.worlds.platform import describe_world
from tests.faults.random_worlds import spoil_world, whole_world

TRIES = 60  # until a world has a certain answer

CLAIMS = (
    faults.fail_run,
    faults.fail_after_files,
    faults.fail_in_part,
    faults.lose_export,
    faults.empty_run,
    faults.silence_run,
    faults.stick_run,
    faults.stick_after_files,
    faults.forget_run,
    faults.miscount_records,
    faults.miscount_files,
    faults.silence_good_run,
    faults.halve_run,
    faults.start_late,
)


UNLIKE_ITS_CLAIM = frozenset(
    {
        "a retried task left both files",
        "the whole export written twice",
        "a file too much",
        "a file copied by hand",
        "a manifest that lists a file less",
        "500 levels of nesting",
        "odd values",
        "duplicate names",
        "another folder path",
    }
)
"""Kinds after which an export holds more than its run says that it wrote, or all lies elsewhere."""

NOTHING_CAME = (faults.fail_run, faults.lose_export, faults.stick_run)
"""Claims of a run that is missing all the same. The other ones say themselves how the run is to be judged."""


def random_claims(seed: int, *, claims: int = 10, spoilt: int = 4) -> tuple[World, list[str]]:
    """A world with up to so many claims and faults of storage whose answer is certain, and the names of both."""
    random = Random(f"claims/{seed}")
    for _ in range(TRIES):
        world = whole_world(random, seed)
        world, claimed = _claim(world, random, random.randint(1, claims))
        world, happened = spoil_world(world, random, random.randint(0, spoilt), without=UNLIKE_ITS_CLAIM)
        try:
            describe_expected(world, cross_checked=True)
            describe_world(world)
        except NotHere:
            continue
        if claimed and _reaches_back(world):
            return world, [*claimed, *happened]
    raise AssertionError(f"no certain world for seed {seed}")


def _reaches_back(world: World) -> bool:
    """Whether every run without a record has one before it: nobody knows how far back records are kept."""
    oldest = {flow.name: min((one.started for one in list_records(world, flow)), default=None) for flow in world.flows}
    forgotten = [said.run for said in world.claims if said.kind == "none"]
    return all((first := oldest[run.flow]) is not None and first < run.due for run in forgotten)


def _claim(world: World, random: Random, count: int) -> tuple[World, list[str]]:
    """`world` with `count` random claims, as far as they can be made."""
    made: list[str] = []
    runs = [*world.runs()]
    for _ in range(count * 12):
        if len(made) == count:
            break
        claim, run = random.choice(CLAIMS), random.choice(runs)
        try:
            world = claim(world, run)
        except NotHere:
            continue
        if claim in NOTHING_CAME:
            world = world.judged(run, "missing", "unchecked")
        made.append(claim.__name__)
    return world, made
