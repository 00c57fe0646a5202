"""What an audit would read, and how much it may: the newest first, the rest said."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli.choices import limits_of
from auditor.ledger import Ledger
from auditor.model import Content, Level, Status, StoredFile
from auditor.service import AuditOptions, Limits, plan_audit
from auditor.service.limits import Newest
from auditor.settings import load_config
from tests.service.auditing import Bench, verifier
from tests.worlds.small import DAILY, small_world

__all__ = ["verifier"]

START = datetime(2026, 10, 1, tzinfo=UTC)


def stored(number: int, size: int) -> StoredFile:
    return StoredFile(f"f{number:04d}", size, START + timedelta(minutes=number))


@given(
    sizes=st.lists(st.integers(0, 50), max_size=40),
    files=st.none() | st.integers(0, 40),
    size=st.none() | st.integers(0, 500),
)
def test_the_chosen_files_fit_and_are_the_newest(sizes, files, size):
    newest = Newest(Limits(files, size))
    given_files = [stored(n, s) for n, s in enumerate(sizes)]
    newest.offer("lake", given_files)
    choice = newest.choice()
    chosen = [file for file in given_files if choice.holds("lake", file)]
    assert files is None or len(chosen) <= files
    assert size is None or sum(f.size for f in chosen) <= size
    may_fit = [file for file in given_files if size is None or file.size <= size]
    assert chosen == may_fit[len(may_fit) - len(chosen) :]  # none older than one that was left
    assert choice.left_files == len(sizes) - len(chosen)
    assert choice.left_bytes == sum(sizes) - sum(f.size for f in chosen)


@given(
    sizes=st.lists(st.integers(0, 50), max_size=12),
    order=st.randoms(use_true_random=False),
    files=st.none() | st.integers(0, 12),
    size=st.none() | st.integers(0, 200),
)
def test_the_order_in_which_files_are_listed_does_not_choose(sizes, order, files, size):
    given_files = [stored(n, s) for n, s in enumerate(sizes)]
    mixed = order.sample(given_files, len(given_files))
    chosen = []
    for listed in (given_files, mixed):
        newest = Newest(Limits(files, size))
        newest.offer("lake", listed)
        chosen.append(newest.choice())
    assert chosen[0] == chosen[1]


def plan(home, now, **options):
    config = load_config(home / "auditor.yaml")
    with Ledger.open(config.ledger_url) as ledger:
        return plan_audit(config, ledger, AuditOptions(now=now, is_past=True, **options))


def test_a_plan_says_exactly_what_the_audit_then_reads(tmp_path, verifier):
    made = Bench.of_world(small_world(), tmp_path, verifier)
    planned = plan(tmp_path, made.now)
    result = made.audit()
    assert (planned.files, planned.unchanged) == (result.files_read, 0)
    assert planned.bytes == sum(v.bytes for v in result.runs)
    assert planned.manifests == sum(1 for _ in (tmp_path / "exports").rglob("manifest-*.json"))
    again = plan(tmp_path, made.now)
    assert (again.files, again.unchanged, again.manifests) == (0, result.files_read, 0)


def test_a_plan_writes_nothing_down(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    plan(tmp_path, made.now)
    with Ledger.open(load_config(tmp_path / "auditor.yaml").ledger_url) as ledger:
        assert ledger.first_audit_at() is None


def test_a_limited_audit_reads_the_newest_files_and_says_what_is_left(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    result = made.audit(limits=Limits(files=4))
    assert result.files_read == 4
    runs = [v for v in result.runs if v.folder]
    assert [str(v.content) for v in runs] == ["unchecked"] * (len(runs) - 2) + ["sound"] * 2
    assert result.status is Status.INCOMPLETE
    [left] = [u for u in result.unverifiable if "limit" in u.reason]
    assert left.subject.startswith(f"{sum(v.files for v in runs) - 4:,} files")


def test_a_level_that_opens_nothing_is_not_limited(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    assert plan(tmp_path, made.now, level=Level.L1).files == 0
    result = made.audit(level=Level.L1, limits=Limits(files=0))
    assert {v.content for v in result.runs if v.folder} == {Content.SOUND}
    assert not result.unverifiable


def test_limited_audits_one_after_the_other_get_through(tmp_path, verifier):
    made = Bench.of_world(small_world(DAILY), tmp_path, verifier)
    total = 0
    for _ in range(20):
        result = made.audit(limits=Limits(bytes=8000))
        total += result.files_read
        if result.status is Status.GOOD:
            break
    assert {v.content for v in result.runs if v.folder} == {Content.SOUND}
    assert total == sum(v.files for v in result.runs)


@pytest.mark.parametrize(
    "text, size", [("500", 500), ("20kB", 20_000), ("1.5 GB", 1_500_000_000), ("2GiB", 2 * 2**30), ("3T", 3 * 10**12)]
)
def test_sizes_are_read_with_their_unit(text, size):
    assert limits_of("", text) == Limits(None, size)


@pytest.mark.parametrize("files, size", [("9" * 5000, ""), ("", "9" * 400 + ".5GB"), ("", "1." + "9" * 5000)])
def test_a_number_that_nobody_means_is_refused_with_a_sentence(files, size, capsys):
    with pytest.raises(typer.Exit):
        limits_of(files, size)
    assert "write it like" in capsys.readouterr().err
