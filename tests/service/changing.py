"""One place that is looked at again and again while somebody changes it."""

import gzip
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.ledger import Ledger
from auditor.model import AuditResult, Verdict
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import Run, World
from tests.scan.memory import MemoryAdapter
from tests.service.auditing import Bench, in_memory
from tests.worlds.small import EVENTS, WEB, at, small_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BARE = replace(WEB, name="json", manifest=False, every=timedelta(hours=12), rows=(2, 4), backfill=(2, 3))
LISTED = replace(BARE, manifest=True)
RUN = Run("json", EVENTS.id, at(3, 12))
END = at(7, 22)  # past the deadline of the last run
INTEGRITY = {"export-changed", "export-deleted", "mass-loss"}


@dataclass
class Changing:
    """A world in memory, its ledger on disk, and the time."""

    bench: Bench
    world: World
    held: MemoryAdapter
    now: datetime

    @classmethod
    def of(cls, world: World, home: Path, verifier: Verifier) -> "Changing":
        home.mkdir(exist_ok=True, parents=True)
        bench = Bench.of_world(replace(world, deliveries=(), loose=()), home, verifier)
        bench.adapters[world.destination] = held = in_memory(world)
        return cls(bench, world, held, world.now)

    def look(self, after: timedelta = timedelta(minutes=5), **options: Any) -> AuditResult:
        """One audit that lists everything, `after` the one before."""
        self.now += after
        return self.bench.audit(**{"is_past": False, "now": self.now, "relist": timedelta(0)} | options)

    def keys_of(self, run: Run = RUN) -> list[str]:
        return sorted(key for key in self.held.objects if key.startswith(self.world.delivery(run).prefix))

    def remove(self, *keys: str) -> dict[str, tuple[bytes, datetime]]:
        return {key: self.held.objects.pop(key) for key in keys}

    def rewrite(self, key: str, data: bytes, after: timedelta = timedelta()) -> None:
        self.held.put(key, data, self.now + after)

    def ledger(self) -> Ledger:
        return Ledger.open(load_config(self.bench.home / "auditor.yaml").ledger_url)

    def setting(self, old: str, new: str) -> None:
        config = self.bench.home / "auditor.yaml"
        text = config.read_text()
        assert old in text, text
        config.write_text(text.replace(old, new))


def bare_world(*more: Any, now: datetime = END) -> World:
    return small_world(BARE, *more, now=now)


def verdict_of(result: AuditResult, run: Run = RUN) -> Verdict:
    return next(v for v in result.runs if (v.flow, v.dataset, v.due) == run)


def changes(result: AuditResult) -> list[tuple[str, str, datetime | None, int]]:
    """(code, dataset, due, files) of what is said of changes."""
    return sorted(
        (f.code, f.dataset, f.due, int(str(f.evidence.get("file_count", f.evidence.get("objects")))))
        for f in result.findings
        if f.code in INTEGRITY
    )


def other(data: bytes) -> bytes:
    """Other records, of the same size at least on average, that decode as well."""
    lines = gzip.decompress(data).splitlines(keepends=True)
    return gzip.compress(b"".join(lines[:-1]) or b'{"other":1}\n', mtime=0)


def packed_anew(data: bytes) -> bytes:
    """The same records in other bytes."""
    return gzip.compress(gzip.decompress(data), compresslevel=1, mtime=7)
