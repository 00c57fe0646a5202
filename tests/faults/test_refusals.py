"""What could not be checked is told once per place, and is neither good nor bad; what nobody needs is no refusal."""

import pytest

from auditor.worlds import faults
from tests.faults import refusals
from tests.faults.refusals import MARK, place
from tests.service.auditing import Bench, codes, in_memory, verifier
from tests.worlds.small import NOW, at

__all__ = ["verifier"]

EVERY = (*refusals.KINDS, *refusals.NEAR_MISSES)


@pytest.mark.parametrize("kind", EVERY, ids=[kind.name for kind in EVERY])
def test_a_refusal_is_told_once_and_nothing_is_missing_or_damaged(kind, tmp_path, verifier):
    world = place()
    if "file-no-records" in kind.codes:
        world = faults.no_records(world, list(world.runs())[8])
    bench = Bench.of_world(world, tmp_path, verifier)
    bench.adapters["lake-backup"] = held = in_memory(world, **kind.breaks)
    held.put("backups/private/notes.json.gz", b"?", at(3))
    held.put(MARK, b"", at(3))
    config = tmp_path / "auditor.yaml"
    config.write_text(kind.config + config.read_text())
    result = bench.audit(is_past=kind.is_past, now=NOW)
    assert (codes(result), str(result.status)) == (sorted(kind.codes), kind.status)
    assert not any(str(v.content) in ("damaged", "incomplete") or str(v.arrival) == "missing" for v in result.runs)
    assert kind.status == "good" or any(str(v.content) == "unverifiable" for v in result.runs)
