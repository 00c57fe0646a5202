"""Audits of a real SFTP server: as on a disk, with an absolute folder or one of the login, and while files grow."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter, ObjectInfo, OpenAdapter
from adapters.retry import Policy, RetryingAdapter
from auditor.ledger import Ledger
from auditor.model import Arrival, AuditResult, Content, Status
from auditor.service import AuditOptions, run_audit
from auditor.service.audit import open_configured
from auditor.settings import load_config
from auditor.worlds import World, lay_out, render_config
from tests.servers.fake_sftp import fake_sftp
from tests.servers.sshd import Sshd, running_sshd, sshd
from tests.service.auditing import Bench, told, utc, verifier
from tests.worlds.small import EVENTS, NOW, WEB, small_world

__all__ = ["sshd", "verifier"]

FLOW = replace(WEB, datasets=(EVENTS,), start=utc("2026-10-06T00:00:00"))


@dataclass
class OverSftp:
    """A world on an SFTP server, with its configuration and ledger."""

    home: Path
    files: Path  # where the export folders lie
    verifier: Any
    ledger: Ledger
    opens: list[OpenAdapter] = field(default_factory=list)

    def audit(self, now: datetime = NOW, **options: Any) -> AuditResult:
        config = load_config(self.home / "auditor.yaml")
        settings = AuditOptions(now=now, is_past=False, since=FLOW.start, **options)
        opening = {"open_with": lambda _: self.opens[0]} if self.opens else {}
        return run_audit(config, self.ledger, settings, verifier=self.verifier, **opening)

    def open_configured(self) -> OpenAdapter:
        (destination,) = load_config(self.home / "auditor.yaml").destinations.values()
        return open_configured(destination)

    def newest_file(self) -> Path:
        return max(self.files.rglob("part-*"), key=lambda file: file.stat().st_mtime)


@contextmanager
def over_sftp(server: Sshd, home: Path, verifier: Any, *, absolute: bool = True, **changes: str) -> Iterator[OverSftp]:
    place = server.make_directory()
    top = server.home if server.is_chrooted or not absolute else Path("/")
    folder = f"{place.relative_to(top)}/backups"
    world = small_world(FLOW, folder=folder)
    lay_out(world, top)
    given = {"type": "sftp"} | {k: str(v) for k, v in server.options.items() if k != "root"} | changes
    text = render_config(world, place=given)
    if absolute:
        assert text.count(f"folder: {folder}") == 1 or text.count(f'folder: "{folder}"') == 1
        text = text.replace(f'folder: "{folder}"', f"folder: /{folder}").replace(
            f"folder: {folder}", f"folder: /{folder}"
        )
    (home / "auditor.yaml").write_text(text)
    with Ledger.in_memory() as ledger:
        yield OverSftp(home, place / "backups", verifier, ledger)


def on_disk(world: World, home: Path, verifier: Any) -> AuditResult:
    home.mkdir()
    return Bench.of_world(world, home, verifier).audit()


@pytest.mark.parametrize("absolute", [True, False])
def test_an_audit_over_sftp_says_what_one_of_the_disk_says(sshd: Sshd, tmp_path: Path, verifier: Any, absolute: bool):
    with over_sftp(sshd, tmp_path, verifier, absolute=absolute) as place:
        result = place.audit()
    assert told(result) == told(on_disk(small_world(FLOW), tmp_path / "disk", verifier))
    assert (result.status, result.findings, result.unverifiable) == (Status.GOOD, (), ())
    assert result.files_read > 20


def test_a_file_that_still_grows_is_arriving_until_it_has_settled(sshd: Sshd, tmp_path: Path, verifier: Any):
    """sshnet/SSH.NET#1008, theophilusx/ssh2-sftp-client#388: it carries its final name from the first byte."""
    with over_sftp(sshd, tmp_path, verifier) as place:
        assert place.audit().status is Status.GOOD
        file = place.newest_file()
        whole = file.read_bytes()
        for minute in (2, 1):
            written = whole[: -minute * len(whole) // 3]
            file.write_bytes(written)
            modified = (NOW - timedelta(minutes=minute)).timestamp()
            os.utime(file, (modified, modified))
            growing = place.audit()
            newest = max((v for v in growing.runs if v.folder), key=lambda v: v.due)
            assert newest.arrival is Arrival.ARRIVING
            assert newest.content is not Content.DAMAGED
            assert growing.findings == ()
        file.write_bytes(whole)
        modified = NOW.timestamp()
        os.utime(file, (modified, modified))
        settled = place.audit(now=NOW + timedelta(minutes=16))
        newest = max((v for v in settled.runs if v.folder), key=lambda v: v.due)
        assert (newest.arrival, newest.content) == (Arrival.ON_TIME, Content.SOUND)
        assert settled.findings == ()


@dataclass(frozen=True)
class OpenGrowing:
    """Once a listing has been given, a file grows: it was listed with one size and is read with another."""

    inner: OpenAdapter
    file: Path
    parent: int

    def __call__(self) -> Adapter:
        adapter = self.inner()
        if os.getpid() == self.parent:  # workers only read
            listing = adapter.list_objects

            def grow(prefix: str, *, start_at: str = "") -> Iterator[ObjectInfo]:
                yield from listing(prefix, start_at=start_at)
                facts = self.file.stat()
                with self.file.open("ab") as file:
                    file.write(b"more")
                os.utime(self.file, (facts.st_atime, facts.st_mtime))  # not even its time tells, only its size

            adapter.list_objects = grow  # type: ignore[method-assign]
        return adapter


def test_a_file_that_grows_between_listing_and_reading_is_not_damaged(sshd: Sshd, tmp_path: Path, verifier: Any):
    with over_sftp(sshd, tmp_path, verifier) as place:
        file = place.newest_file()
        place.opens.append(OpenGrowing(place.open_configured(), file, os.getpid()))
        result = place.audit()
        newest = max((v for v in result.runs if v.folder), key=lambda v: v.due)
        assert newest.content is Content.UNCHECKED
        assert result.status is Status.INCOMPLETE
        assert {v.content for v in result.runs if v.folder and v.due != newest.due} == {Content.SOUND}
        file.write_bytes(file.read_bytes().removesuffix(b"more"))
        place.opens.clear()
        later = place.audit(now=NOW + timedelta(days=1))
        runs = {v.due: v for v in later.runs}
        assert runs[newest.due].content is Content.SOUND


def test_a_server_that_takes_two_logins_at_a_time_is_audited(tmp_path: Path, verifier: Any):
    """paramiko/paramiko#2063: the audit succeeds with few connections and back-off."""
    with (
        running_sshd({"MaxStartups": "2:100:2"}) as server,
        over_sftp(server, tmp_path, verifier, concurrency="8") as place,
    ):
        assert place.audit().status is Status.GOOD


def test_a_key_that_changed_makes_the_destination_unknown_and_says_both(sshd: Sshd, tmp_path: Path, verifier: Any):
    wrong = "SHA256:" + "B" * 43
    with over_sftp(sshd, tmp_path, verifier, host_key_fingerprint=wrong) as place:
        result = place.audit()
    assert result.status is Status.INCOMPLETE
    assert {v.arrival for v in result.runs} == {Arrival.UNKNOWN}
    (finding,) = result.findings
    assert wrong in finding.message
    assert sshd.fingerprint("ed25519") in finding.message


def test_a_silent_server_delays_no_other_destination(tmp_path: Path, verifier: Any, monkeypatch: pytest.MonkeyPatch):
    """paramiko/paramiko#1788: it is given up in time, and what is elsewhere is judged."""
    impatient = Policy(attempts=2, first_wait_s=0.01)
    monkeypatch.setattr("adapters.registry.RetryingAdapter", lambda inner: RetryingAdapter(inner, impatient))
    world = small_world(FLOW)
    bench = Bench.of_world(world, tmp_path, verifier)
    with fake_sftp(silent_at_login=True) as server:
        silent = {"type": "sftp"} | {k: str(v) for k, v in server.options.items() if k != "root"} | {"timeout": "1s"}
        silent = silent | {"password": server.options["password"]}
        text = (tmp_path / "auditor.yaml").read_text()
        other = render_config(replace(world, destination="silent"), place=silent)
        head, _, flows = other.partition("flows:\n")
        text = text.replace("destinations:\n", head[head.index("destinations:\n") :])
        text += flows.replace("web-3h", "web-3h-there")
        (tmp_path / "auditor.yaml").write_text(text)
        start = time.monotonic()
        result = bench.audit()
        assert time.monotonic() - start < 30
    here = {v.arrival for v in result.runs if v.destination == world.destination}
    assert Arrival.UNKNOWN not in here
    assert {v.arrival for v in result.runs if v.destination == "silent"} == {Arrival.UNKNOWN}
