"""Audits of small places for tests: a world or a handful of objects, a ledger, one moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import World, lay_out, list_objects, render_config
from tests.scan.memory import MemoryAdapter

PLACE = {"type": "local", "root": "./exports"}


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    """Warm workers for all tests of a module."""
    with Verifier(workers=2) as warm:
        yield warm


@dataclass
class Bench:
    """One configuration with its ledger, audited again and again."""

    home: Path
    verifier: Verifier
    now: datetime
    adapters: dict[str, Adapter] = field(default_factory=dict)  # by destination; else the configured place

    @classmethod
    def of_world(cls, world: World, home: Path, verifier: Verifier) -> "Bench":
        """`world` laid out as files below `home`, with its own configuration."""
        lay_out(world, home / "exports")
        (home / "auditor.yaml").write_text(render_config(world))
        return cls(home, verifier, world.now)

    def audit(self, **options: Any) -> AuditResult:
        """One audit. `is_past` is on: worlds lie in a year of their own."""
        config = load_config(self.home / "auditor.yaml")
        settings = AuditOptions(**{"now": self.now, "is_past": True} | options)
        with Ledger.open(config.ledger_url) as ledger:
            if not self.adapters:
                return run_audit(config, ledger, settings, verifier=self.verifier)
            openers = {name: partial(_same, adapter) for name, adapter in self.adapters.items()}
            return run_audit(
                config, ledger, settings, verifier=self.verifier, open_with=lambda place: openers[place.facts.name]
            )


def _same(adapter: Adapter) -> Adapter:
    return adapter


def in_memory(world: World, **changes: Any) -> MemoryAdapter:
    """The objects of `world` at a destination that breaks on demand."""
    objects = {item.key: (item.data, item.modified) for item in list_objects(world)}
    return MemoryAdapter(objects, world.destination, **changes)


def told(result: AuditResult) -> list[tuple[str, str]]:
    """(arrival, content) of the expected runs, in order."""
    return [(str(v.arrival), str(v.content)) for v in result.runs if v.due]


def codes(result: AuditResult) -> list[str]:
    """The codes of all findings, sorted."""
    return sorted(finding.code for finding in result.findings)


def counted(result: AuditResult) -> Mapping[str, int]:
    """How many expected runs have which arrival."""
    arrivals = [str(v.arrival) for v in result.runs if v.due]
    return {arrival: arrivals.count(arrival) for arrival in sorted(set(arrivals))}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
