"""Random worlds without faults give back schedules, grouping, formats, compression and manifests."""

from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditor.worlds import WorldDataset, WorldFlow, build_world
from tests.propose.making import START, objects_of, survey

QUARTERS = st.integers(0, 95).map(lambda n: timedelta(minutes=15 * n))
EXACT = st.integers(0, 287).map(lambda n: timedelta(minutes=5 * n))
# Minutes that nobody would choose as a due time; others could not be told from a schedule.
AFTER = st.sampled_from([timedelta(0), timedelta(seconds=73), timedelta(minutes=4, seconds=5), timedelta(seconds=438)])


@st.composite
def flows(draw):
    made = []
    for n in range(draw(st.integers(1, 4))):
        after = draw(AFTER)
        phase = draw(EXACT if not after else QUARTERS)
        form = draw(st.sampled_from(["json", "parquet"]))
        flow = WorldFlow(
            name=f"flow-{n}",
            id=f"00000000-0000-4000-8000-{n:012d}",
            datasets=tuple(WorldDataset(f"{n:02d}{m:02d}".ljust(24, "f"), "d") for m in range(draw(st.integers(1, 3)))),
            start=START + timedelta(days=draw(st.integers(0, 6))) + phase,
            every=timedelta(hours=draw(st.sampled_from([3, 6, 8, 9, 12, 24]))),
            format=form,
            compression=draw(st.sampled_from(["gzip", "none"])),
            manifest=draw(st.booleans()),
            digits=draw(st.sampled_from([12, 14])),
            starts_after=after,
            parts=(1, 2),
        )
        made.append(flow)
    return made


@settings(max_examples=40, deadline=None)
@given(flows(), st.integers(0, 9), st.sampled_from(["", "backups", "a/b c/d"]))
def test_a_world_without_faults_is_read_back(made, seed, folder):
    phases = [(f.every, (f.start - START) % f.every, f.format, f.compression, f.manifest) for f in made]
    assume(len(set(phases)) == len(phases))
    now = START + timedelta(days=13, hours=5)
    seen = survey(objects_of(build_world(made, seed=str(seed), now=now, folder=folder)))
    assert (seen.folder, seen.irregular) == (folder, ())
    told = {
        (
            tuple(sorted(member.dataset for member in flow.members)),
            tuple((one.every, one.start) for one in flow.schedules),
            (str(flow.format), str(flow.compression), flow.manifest),
            (flow.grace, flow.deadline),
        )
        for flow in seen.flows
    }
    assert told == {
        (
            tuple(sorted(dataset.id for dataset in flow.datasets)),
            ((flow.every, flow.start),),
            (flow.format, flow.compression, flow.manifest),
            (None, None),
        )
        for flow in made
    }
