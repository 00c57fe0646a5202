"""A destination that fails once, at any call and in any way: never green, never an alarm about an export."""

from dataclasses import replace

import pytest

from adapters.base import AccessDenied, Archived, Changed, ClockSkew, NotFound, Throttled, Unreachable, Unsupported
from auditor.model import Arrival, Content, Level, Status
from auditor.reconcile.status import NEVER_FINDINGS
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, in_memory, verifier
from tests.worlds.small import DAILY, WEB, at, small_world

__all__ = ["verifier"]

KINDS = (AccessDenied, NotFound, Throttled, Unreachable, Changed, Archived, Unsupported, ClockSkew)
WORLD = small_world(replace(WEB, start=at(7), rows=(2, 3)), replace(DAILY, start=at(6, 2, 30), rows=(2, 3)))


class FailsOnce(MemoryAdapter):
    """Raises `error` instead of call number `at` (from 0), or after `items` items of that listing."""

    def __init__(self, objects, error, at, items=0):
        super().__init__(objects, "lake-backup")
        self.error, self.at, self.items, self.seen = error, at, items, 0

    def _is_it(self):
        self.seen += 1
        return self.seen == self.at + 1

    def _listed(self, entries):
        if not self._is_it():
            yield from entries
            return
        for n, entry in enumerate(entries):
            if n == self.items:
                break
            yield entry
        raise self.error

    def list_folder(self, prefix):
        return self._listed(super().list_folder(prefix))

    def list_objects(self, prefix):
        return self._listed(super().list_objects(prefix))

    def read_object(self, key, start=0, **options):
        if self._is_it():
            raise self.error
        return super().read_object(key, start, **options)

    def describe_object(self, key):
        if self._is_it():
            raise self.error
        return super().describe_object(key)


def failing(home, verifier, at, items):
    """One audit, and whether the call that fails was made."""
    kind = KINDS[at % len(KINDS)]
    error = kind("refused", destination="lake-backup", operation="any")
    made = Bench.of_world(replace(WORLD, deliveries=()), home, verifier)
    made.adapters["lake-backup"] = place = FailsOnce(in_memory(WORLD).objects, error, at, items)
    return made.audit(level=Level.L1), place.seen > at


@pytest.mark.parametrize("items", [0, 2])
def test_a_failing_call_is_neither_good_nor_bad(tmp_path, verifier, items):
    made = 0
    for n in range(40):
        home = tmp_path / str(n)
        home.mkdir()
        result, failed = failing(home, verifier, n, items)
        made += failed
        told = (n, result.findings, [(v.due, v.arrival, v.content) for v in result.runs])
        assert result.status is (Status.INCOMPLETE if failed else Status.GOOD), told
        assert {finding.code for finding in result.findings} <= NEVER_FINDINGS, told
        assert Arrival.MISSING not in {v.arrival for v in result.runs}, told
        assert not {Content.DAMAGED, Content.INCOMPLETE} & {v.content for v in result.runs}, told
        if not failed:
            break
    assert made > 5
