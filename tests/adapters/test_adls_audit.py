"""An audit of a Data Lake: directories are neither exports nor strays, and the answers are those of a local tree."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

import auditor.entry
from adapters.registry import opener
from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.verify.pool import Verifier
from auditor.worlds import lay_out, list_objects, render_config
from tests.servers.dfs import Lake, error, is_dfs, lake, shared
from tests.service.auditing import codes, verifier
from tests.service.dated import OpenDated
from tests.worlds.small import DAILY, NOW, PROFILES, UNKNOWN, at, small_world

__all__ = ["lake", "shared", "verifier"]

WORLD = small_world(replace(DAILY, start=at(5, 2, 30)))
EXPORT = next(item.key for item in list_objects(WORLD) if "exportTime=" in item.key).rpartition("/")[0]
EMPTY = {  # directories in which nothing is, and how old they are
    f"backups/{PROFILES.id}/exportTime=20261005040000/": at(5, 4),
    f"{EXPORT}/leftover/0/": at(5, 3),
    f"backups/{UNKNOWN.id}/": at(5),
    "backups/scratch/": at(5),
    "elsewhere/": at(5),
}


START = [sys.executable, "-c", "from auditor.entry import main\nif __name__ == '__main__': main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(auditor.entry.__file__).parents[1])}


def audited(home: Path, verifier: Verifier, lake: Lake | None, plan: Path) -> AuditResult:
    config = load_config(home / "auditor.yaml")
    options = AuditOptions(now=NOW, is_past=True)
    with Ledger.in_memory() as ledger:
        if lake is None:
            return run_audit(config, ledger, options, verifier=verifier)
        inner = opener(WORLD.destination, "adls-gen2", {**lake.options, "file_system": plan.parent.name})
        return run_audit(config, ledger, options, verifier=verifier, open_with=lambda _: OpenDated(inner, plan))


def said(result: AuditResult) -> tuple[object, ...]:
    return tuple(replace(v, findings=()) for v in result.runs), result.findings, result.unverifiable, result.status


@pytest.mark.parametrize("empty", [{}, EMPTY], ids=["in order", "with empty directories"])
def test_a_data_lake_gives_the_answers_of_a_local_tree(
    tmp_path: Path, lake: Lake, verifier: Verifier, empty: dict[str, datetime]
):
    lay_out(WORLD, tmp_path / "exports")
    (tmp_path / "auditor.yaml").write_text(render_config(WORLD), encoding="utf-8")
    file_system = lake.make_file_system()
    lake.put_many(file_system, {item.key: item.data for item in list_objects(WORLD)})
    for directory, moment in empty.items():
        (tmp_path / "exports" / directory).mkdir(parents=True)
        os.utime(tmp_path / "exports" / directory, (moment.timestamp(), moment.timestamp()))
        lake.make_directory(file_system, directory)
    plan = tmp_path / file_system / "plan.json"
    plan.parent.mkdir()
    times = {**{item.key: item.modified for item in list_objects(WORLD)}, **empty}
    plan.write_text(json.dumps({key: moment.isoformat() for key, moment in times.items()}), encoding="utf-8")

    in_lake = audited(tmp_path, verifier, lake, plan)
    on_disk = audited(tmp_path, verifier, None, plan)
    assert said(in_lake) == said(on_disk)
    assert in_lake.files_read == on_disk.files_read > 0
    assert codes(in_lake) == (["export-duplicate", "folder-empty"] if empty else [])


def test_a_file_system_that_only_dfs_calls_missing_is_not_gone(tmp_path: Path, lake: Lake):
    """Azure/azure-sdk-for-python#24106; nor is the signature told anywhere: Azure/azure-storage-azcopy#403."""
    file_system = lake.make_file_system()
    lake.put_many(file_system, {item.key: item.data for item in list_objects(WORLD)})
    lake.faults.append(lambda request: error("FilesystemNotFound", 404) if is_dfs(request) else None)
    sas = lake.azurite.container_sas(file_system, "l")
    place = {"type": "adls-gen2", "file_system": file_system, "account_url": lake.account_url, "sas_token": sas}
    (tmp_path / "auditor.yaml").write_text(render_config(WORLD, place=place), encoding="utf-8")
    for command in (["destinations", "check"], ["audit", "--format", "json"], ["audit", "--format", "html"]):
        program = [*START, *command, "-c", "auditor.yaml"]
        done = subprocess.run(program, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=120, check=False)
        told = (done.stdout + done.stderr).decode()
        assert done.returncode == 3, told
        assert "sig=" not in told
        if command[0] == "destinations":
            told = " ".join(told.split())
            assert "FilesystemNotFound" in told
            assert "the blob endpoint lists it; the SAS lacks `r` (read)" in told
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".yaml")
    assert b"FilesystemNotFound" in kept
    assert b"sig=" not in kept
