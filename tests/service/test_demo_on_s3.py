"""The demo's tree in a bucket gives the verdicts and findings of the demo's tree on a disk."""

import json
from dataclasses import replace

from auditor.cli.demo import audit_demo
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.service.audit import open_configured
from auditor.settings import load_config
from auditor.worlds import DEMO_NOW, lay_out_demo, list_objects, render_config
from tests.servers.seaweedfs import seaweedfs
from tests.service.dated import OpenDated

__all__ = ["seaweedfs"]


def test_the_demo_in_a_bucket_gives_the_same_answers(tmp_path, seaweedfs):
    world = lay_out_demo(tmp_path / "demo")
    bucket = seaweedfs.make_bucket()
    seaweedfs.put_tree(bucket, tmp_path / "demo" / "exports")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({o.key: o.modified.isoformat() for o in list_objects(world)}), encoding="utf-8")
    place = {"type": "s3", "bucket": bucket, **{k: str(v) for k, v in seaweedfs.options.items()}}
    (tmp_path / "auditor.yaml").write_text(render_config(world, place=place), encoding="utf-8")
    config = load_config(tmp_path / "auditor.yaml")
    with Ledger.in_memory() as ledger:
        in_bucket = run_audit(
            config,
            ledger,
            AuditOptions(now=DEMO_NOW, is_past=True),
            open_with=lambda destination: OpenDated(open_configured(destination), plan),
        )
    on_disk = audit_demo(tmp_path / "demo")
    assert said(in_bucket) == said(on_disk)
    assert in_bucket.status == on_disk.status
    assert in_bucket.files_read == on_disk.files_read > 1000


def said(result: AuditResult) -> tuple[object, ...]:
    """Everything a reader is told, but the fingerprints of the store."""
    return tuple(replace(v, findings=()) for v in result.runs), result.findings, result.unverifiable
