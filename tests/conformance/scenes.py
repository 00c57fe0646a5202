"""An audit of two destinations that should hold the same, of which one can be broken."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from adapters.base import Adapter, OpenAdapter
from adapters.registry import opener
from adapters.retry import Policy, RetryingAdapter
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.settings import Config, load_config
from auditor.worlds import World, lay_out, list_objects, render_config
from tests.conformance.places import NAME, Place
from tests.conformance.wires import Wire, wire_to
from tests.service.dated import OpenDated
from tests.worlds.small import DAILY, EVENTS, NOW, WEB, at, small_world

HEALTHY = "cold-store"
WORLD = small_world(
    replace(WEB, datasets=(EVENTS,), start=at(7), parts=(1, 1)), replace(DAILY, start=at(6, 2, 30), parts=(1, 1))
)
assert WORLD.destination == NAME


@dataclass(frozen=True)
class Impatient:
    """Opens a destination with retries that do not wait; picklable."""

    inner: OpenAdapter

    def __call__(self) -> Adapter:
        adapter = self.inner()
        inner = adapter.inner if isinstance(adapter, RetryingAdapter) else adapter
        return RetryingAdapter(inner, Policy(attempts=2, first_wait_s=0.001, longest_wait_s=0.001))


@dataclass
class Scene:
    """A place that holds the world, a way to it that can be broken, and a healthy place beside it."""

    name: str  # in PLACES
    place: Place
    wire: Wire
    home: Path
    config: Config
    verifier: Any
    good: AuditResult | None = None

    def audit(self, opening: OpenAdapter | None = None, **more: Any) -> AuditResult:
        options = {**self.place.options_through(self.wire.address), "page_size": 3, "timeout": 10.0, **more}
        broken = OpenDated(Impatient(opening or opener(NAME, self.place.type, options)), self.home / "plan.json")
        healthy = OpenDated(
            opener(HEALTHY, "local", {"root": str(self.home / "exports")}),
            self.home / "plan.json",
        )
        openers = {NAME: broken, HEALTHY: healthy}
        with Ledger.in_memory() as ledger:
            return run_audit(
                self.config,
                ledger,
                AuditOptions(now=NOW),
                verifier=self.verifier,
                open_with=lambda destination: openers[destination.facts.name],
            )


def configured(home: Path) -> Config:
    """Two destinations that should hold the same, each with its own flows."""
    halves = [json.loads(json.dumps(YAML(typ="safe").load(render_config(world)), default=str)) for world in worlds()]
    both = {key: halves[0][key] | halves[1][key] for key in ("destinations", "flows")}
    (home / "auditor.yaml").write_text(json.dumps(both))
    return load_config(home / "auditor.yaml")


def worlds() -> tuple[World, World]:
    other = [replace(flow, name=f"{flow.name}-{HEALTHY}") for flow in WORLD.flows]
    return WORLD, replace(WORLD, destination=HEALTHY, flows=tuple(other))


@contextmanager
def scene_on(name: str, place: Place, home: Path, verifier: Any) -> Iterator[Scene]:
    """Both destinations filled, and audited once while all was well."""
    lay_out(WORLD, home / "exports")
    objects = list(list_objects(WORLD))
    (home / "plan.json").write_text(json.dumps({o.key: o.modified.isoformat() for o in objects}))
    place.put_many({o.key: o.data for o in objects})
    with wire_to(place) as wire:
        made = Scene(name, place, wire, home, configured(home), verifier)
        made.good = made.audit()
        yield made
