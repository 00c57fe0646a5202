"""For every code, something that almost is that fault: the audit does not call it so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from auditor.checks import CATALOGUE
from auditor.worlds import Run, World, WorldFlow, build_world, faults
from auditor.worlds.faults.befall import pick, rewrite
from auditor.worlds.model import Delivery, Loose
from auditor.worlds.plan import deliver
from tests.faults import changes, refusals
from tests.faults.harmless import KINDS as HARMLESS
from tests.faults.measure import audit
from tests.faults.scenes import JSON, PARQUET
from tests.faults.test_zoo import OF_COVERAGE_AND_ENDS, OF_THE_PLATFORM, OF_THE_SERVICE
from tests.faults.zoo import KINDS
from tests.service.auditing import verifier
from tests.worlds.small import EVENTS, UNKNOWN, at, small_world

__all__ = ["verifier"]

ONE = replace(JSON, datasets=(EVENTS,))
BARE = replace(ONE, manifest=False)
RUN = Run("json", EVENTS.id, at(4, 12))
DUE = RUN.due


def when(hours: float, flow: WorldFlow = BARE, **span: float) -> World:
    """The world as it stands so long after the run due at noon on the 4th."""
    return build_world((flow,), seed="near", now=DUE + timedelta(hours=hours, **span), folder="backups")


def on(world: World, change: Callable[[Delivery], Delivery], run: Run = RUN) -> World:
    old = world.delivery(run)
    return world.with_delivery(old, change(old))


def came_at(delivery: Delivery, moment) -> Delivery:
    return replace(delivery, parts=tuple(replace(p, modified=moment) for p in delivery.parts), manifests=())


def with_loose(delivery: Delivery, name: str, data: bytes = b"") -> Delivery:
    return replace(delivery, loose=(Loose(delivery.prefix + name, data, delivery.complete_at),))


def nothing_came(world: World, run: Run = RUN) -> World:
    return world.with_delivery(world.delivery(run), None)


def named(name: str, flow: WorldFlow) -> World:
    """The world with one harmless or harmful kind at the run in its middle."""
    (kind,) = [kind for kind in (*HARMLESS, *KINDS) if kind.name == name]
    world = small_world(flow)
    runs = [run for run in world.runs() if run.due < at(5) and run.due > flow.start]
    return kind(world, runs[-1])


def nothing_listed(delivery: Delivery) -> Delivery:
    """No data file, and the manifest says that nothing was exported."""
    (manifest,) = delivery.manifests
    return replace(delivery, parts=(), manifests=(replace(manifest, listed=()),))


def no_run_id(data: bytes) -> bytes:
    return data.replace(b'"flowRunId"', b'"other"')


def other_form(delivery: Delivery) -> Delivery:
    """The stored name differs from the listed one in Unicode normal form only."""
    part = delivery.parts[0]
    named_so = rewrite(delivery, part, replace(part, name="part-00000-gr\u00f6\u00dfe.json.gz"))
    return replace(
        named_so,
        parts=(replace(named_so.parts[0], name="part-00000-gro\u0308\u00dfe.json.gz"), *named_so.parts[1:]),
    )


def uploading(world: World) -> World:
    return on(world, lambda d: replace(d, parts=(*d.parts[:-1], replace(d.parts[-1], name=d.parts[-1].name + ".tmp"))))


def of_another_window(world: World) -> World:
    """A second folder past the grace of the run: asked for by nobody, and no second delivery."""
    flow = world.flows[0]
    extra = deliver(world, flow, flow.datasets[0], DUE, after=timedelta(hours=2, minutes=31))
    return world.with_delivery(None, replace(extra, due=None))


def stamped_early(world: World) -> World:
    flow = world.flows[0]
    return on(world, lambda d: deliver(world, flow, flow.datasets[0], DUE, after=-timedelta(minutes=10)))


def one_record_more(delivery: Delivery) -> Delivery:
    """A second file with the same records and one more."""
    part = pick(delivery, 0)
    more = replace(part, name="part-00099.json.gz", recipe=replace(part.recipe, rows=part.recipe.rows + 1))
    return rewrite(delivery, part, part, more)


NEAR_MISSES: dict[str, Callable[[], World]] = {
    "export-missing": lambda: nothing_came(when(6)),
    "export-late": lambda: on(when(9), partial(came_at, moment=DUE + timedelta(minutes=150))),
    "export-early": lambda: on(when(9), partial(came_at, moment=DUE - timedelta(minutes=10))),
    "export-unexpected": lambda: stamped_early(when(9)),
    "export-duplicate": lambda: of_another_window(when(9)),
    "export-stuck": lambda: uploading(when(6)),
    "protection-stale": lambda: nothing_came(when(18), RUN._replace(due=at(5))),
    "folder-malformed": lambda: named("a folder not renamed yet", BARE),
    "folder-empty": lambda: on(when(9, ONE), nothing_listed),
    "stray-object": lambda: named("a writer's log below a hidden name", BARE),
    "unknown-dataset": lambda: small_world(BARE, replace(PARQUET, datasets=(UNKNOWN,))),
    "destination-empty": lambda: replace(when(9), deliveries=(), loose=(Loose("backups/note.txt", b"x", at(2)),)),
    "manifest-missing": lambda: small_world(replace(ONE, manifest_above=True)),
    "manifest-unreadable": lambda: named("a manifest with a byte order mark", ONE),
    "manifest-duplicate": lambda: small_world(replace(JSON, manifest_above=True)),
    "manifest-file-missing": lambda: on(when(9, ONE), other_form),
    "manifest-file-extra": lambda: on(when(9, ONE), lambda d: with_loose(d, "_committed_4711", b"{}")),
    "manifest-size-mismatch": lambda: named("a manifest without sizes", ONE),
    "manifest-run-mismatch": lambda: on(
        when(9, ONE), lambda d: replace(d, manifests=(replace(d.manifests[0], edits=(no_run_id,)),))
    ),
    "file-empty": lambda: named("a file without records", BARE),
    "file-truncated": lambda: named("no final line feed", BARE),
    "file-corrupt": lambda: named("zeros behind a gzip file", BARE),
    "file-wrong-format": lambda: on(
        when(9), lambda d: rewrite(d, d.parts[0], replace(d.parts[0], name="part-00000-of-unknown-kind"))
    ),
    "file-wrong-compression": lambda: named("zstd pages", replace(PARQUET, compression="none")),
    "file-no-records": lambda: on(
        when(9), lambda d: rewrite(d, d.parts[0], replace(d.parts[0], recipe=replace(d.parts[0].recipe, rows=1)))
    ),
    "record-invalid": lambda: named("odd values", BARE),
    "file-duplicate": lambda: on(when(9), one_record_more),
    "file-unverifiable": lambda: named("500 levels of nesting", BARE),
    "schema-mismatch": lambda: named("one row to a row group", PARQUET),
    "schema-changed": lambda: named("the schema of Arrow beside it", PARQUET),
    "flow-ended": lambda: when(0, replace(BARE, end=DUE)),
}


def test_every_code_has_a_near_miss():
    elsewhere = OF_COVERAGE_AND_ENDS | OF_THE_PLATFORM | OF_THE_SERVICE
    assert set(NEAR_MISSES) | refusals.NEARLY | changes.NEARLY | elsewhere == set(CATALOGUE)


@pytest.mark.parametrize("code", NEAR_MISSES)
def test_what_almost_is_a_fault_is_not_called_one(code, tmp_path, verifier, tally):
    result = audit(NEAR_MISSES[code](), tmp_path, verifier)
    assert code not in {finding.code for finding in result.findings}
    assert result.runs
    tally.worlds += 1


@pytest.mark.parametrize(
    "code, world",
    [
        ("export-missing", lambda: nothing_came(when(6, seconds=1))),
        ("export-late", lambda: on(when(9), partial(came_at, moment=DUE + timedelta(minutes=150, seconds=1)))),
        ("export-early", lambda: on(when(9), partial(came_at, moment=DUE - timedelta(minutes=10, seconds=1)))),
        ("export-stuck", lambda: uploading(when(6, seconds=1))),
        ("protection-stale", lambda: nothing_came(when(18, seconds=1), RUN._replace(due=at(5)))),
        ("flow-ended", lambda: when(0, replace(BARE, end=DUE), seconds=1)),
        ("destination-empty", lambda: replace(when(9), deliveries=())),
        ("file-duplicate", lambda: faults.repeat_task(when(9), RUN)),
    ],
)
def test_one_step_further_it_is(code, world, tmp_path, verifier, tally):
    result = audit(world(), tmp_path, verifier)
    assert code in {finding.code for finding in result.findings}
    tally.worlds += 1
