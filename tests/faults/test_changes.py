"""What somebody does to exports that had come to rest is found by the audits after it: that, and nothing else."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.worlds import Run, lay_out, render_config
from tests.faults.changes import CODES, HARMLESS, KINDS, NEARLY, NOW, Later, place
from tests.faults.measure import Tally
from tests.servers.seaweedfs import SeaweedFS, seaweedfs
from tests.service.auditing import Bench, verifier
from tests.service.changing import verdict_of

__all__ = ["seaweedfs", "verifier"]

ALL = (*KINDS, *HARMLESS)


@dataclass
class OnDisk:
    root: Path

    def keys(self, prefix: str) -> list[str]:
        every = sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())
        return [key for key in every if key.startswith(prefix)]

    def read(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def write(self, key: str, data: bytes, modified: datetime) -> None:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_bytes(data)
        os.utime(self.root / key, (modified.timestamp(),) * 2)

    def delete(self, key: str) -> None:
        path = self.root / key
        path.unlink()
        while path.parent != self.root and not any(path.parent.iterdir()):
            path = path.parent
            path.rmdir()


@dataclass
class OnS3:
    server: SeaweedFS
    bucket: str

    def keys(self, prefix: str) -> list[str]:
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(one["Key"] for page in pages for one in page.get("Contents", ()))

    def read(self, key: str) -> bytes:
        return self.server.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def write(self, key: str, data: bytes, modified: datetime) -> None:
        self.server.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.server.client.delete_object(Bucket=self.bucket, Key=key)


def found(result) -> list[tuple[str, str, object]]:
    return sorted(
        ((f.code, str(f.severity), Run(f.flow, f.dataset, f.due) if f.due else f.dataset) for f in result.findings),
        key=str,
    )


def expected(kind: Later) -> list[tuple[str, str, object]]:
    return sorted(kind.finds, key=str)


def look(bench: Bench, minutes: int):
    return bench.audit(is_past=False, now=NOW + timedelta(minutes=minutes), relist=timedelta())


def test_names_are_told_once_and_each_code_has_a_kind_and_a_near_miss():
    names = [kind.name for kind in ALL]
    assert len(set(names)) == len(names)
    assert {code for kind in KINDS for code in kind.codes} >= CODES == NEARLY


@pytest.mark.parametrize("kind", ALL, ids=[kind.name for kind in ALL])
def test_what_befell_is_found_and_nothing_else(kind, tmp_path, verifier, tally):
    world = place()
    bench = Bench.of_world(world, tmp_path, verifier)
    store = OnDisk(tmp_path / "exports")
    assert found(look(bench, 0)) == []
    kind.act(store, world)
    look(bench, 5)
    for minutes in (10, 15):
        result = look(bench, minutes)
        assert found(result) == expected(kind)
        verdict = verdict_of(result)
        assert (str(verdict.arrival), str(verdict.content)) == kind.verdict
    told = len(kind.finds)
    tally.add(Tally(worlds=1, expected=told, found=told, matched=told, verdicts=len(result.runs)))


@pytest.mark.parametrize("kind", ALL, ids=[kind.name for kind in ALL])
def test_on_s3_it_is_found_too(kind, tmp_path, verifier, seaweedfs):
    """The bucket sets its own times: the audits are of now, and what else they say of so old a world is left aside."""
    world = place()
    lay_out(world, tmp_path / "exports")
    store = OnS3(seaweedfs, seaweedfs.make_bucket())
    seaweedfs.put_tree(store.bucket, tmp_path / "exports")
    where = {"type": "s3", "bucket": store.bucket, **{k: str(v) for k, v in seaweedfs.options.items()}}
    text = render_config(world, place={**where, "arrival": "export_time"})
    (tmp_path / "auditor.yaml").write_text(text, encoding="utf-8")
    bench = Bench(tmp_path, verifier, datetime.now(UTC))
    said = []
    for n in range(3):
        if n == 1:
            kind.act(store, world)
        now = datetime.now(UTC) + timedelta(seconds=n)
        result = bench.audit(is_past=False, now=now, since=NOW - timedelta(days=7), relist=timedelta())
        said.append([one for one in found(result) if one[0] in CODES])
    assert said[0] == []
    assert said[2] == [one for one in expected(kind) if one[0] in CODES]
