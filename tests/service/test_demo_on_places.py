"""The demo's tree on any destination gives the verdicts and findings of the demo's tree on a disk."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.registry import opener
from auditor.cli.demo import audit_demo
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import DEMO_NOW, lay_out_demo, list_objects
from tests.conformance.azure_place import AzurePlace
from tests.conformance.places import PLACES, Place, held, put_tree
from tests.service.auditing import verifier
from tests.service.dated import OpenDated

__all__ = ["held", "verifier"]

TWINS = ("data-landing-zone by SAS URI", "gcs by HMAC")
"""A fixed SAS URI differs from the fetched one in where it comes from, not in what is read with it; HMAC keys read with
the calls of S3. What they audit is proven with few files in tests/cli/test_every_destination.py."""

ELSEWHERE = [name for name in PLACES if name not in ("local", *TWINS)]


@dataclass
class Demo:
    home: Path
    on_disk: AuditResult
    container: str = ""  # that has the tree already: an account is read in two ways

    def put(self, place: Place) -> None:
        if isinstance(place, AzurePlace) and self.container:
            place.container = self.container
            return
        put_tree(place, self.home / "exports")
        if isinstance(place, AzurePlace):
            self.container = place.container


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = tmp_path_factory.mktemp("demo")
    world = lay_out_demo(home)
    planned = {o.key: o.modified.isoformat() for o in list_objects(world)}
    (home / "plan.json").write_text(json.dumps(planned), encoding="utf-8")
    return Demo(home, audit_demo(home))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_demo_elsewhere_gives_the_same_answers(name: str, demo: Demo, tmp_path: Path, verifier: Verifier):
    with PLACES[name](tmp_path) as place:
        demo.put(place)
        with Ledger.in_memory() as ledger:
            there = run_audit(
                load_config(demo.home / "auditor.yaml"),
                ledger,
                AuditOptions(now=DEMO_NOW, is_past=True),
                verifier=verifier,
                open_with=lambda destination: OpenDated(
                    opener(destination.facts.name, place.type, place.options), demo.home / "plan.json"
                ),
            )
    assert said(there) == said(demo.on_disk)
    assert there.status == demo.on_disk.status
    assert there.files_read == demo.on_disk.files_read > 1000


def said(result: AuditResult) -> tuple[object, ...]:
    """Everything a reader is told, but the fingerprints of the store."""
    return tuple(replace(v, findings=()) for v in result.runs), result.findings, result.unverifiable
