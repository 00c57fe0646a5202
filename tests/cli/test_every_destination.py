"""Each type of destination as its users run it: a configuration by hand, the command line, a real server."""

import base64
import gzip
import html
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
from click.testing import Result
from typer.testing import CliRunner

from auditor.cli import app
from tests.cli.by_hand import ADDRESSED, FOLDER, WRITTEN, Written
from tests.conformance.places import held, put_tree

__all__ = ["held"]

DATASET = "5ef3e324052581191aa6a466"
FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "SSH_", "STORAGE_", "CLOUDSDK_")  # logins of whoever runs the tests
RECORD = b'{"_id": "a%d", "timestamp": "2026-10-01T00:00:00Z"}\n'
NAME, OTHER = "backup", "relay"
VERIFIED = " bytes, 150 records: 3 sound, 1 damaged.\n"


@dataclass(frozen=True)
class Tree:
    """Exports every three hours: one whole, one with a file that is cut, two that are missing, two not yet."""

    root: Path
    first: datetime

    @property
    def now(self) -> str:
        """Hours after the upload, as the servers set the times of files themselves and exports must have settled."""
        return f"{self.first + timedelta(hours=16, minutes=30):%Y-%m-%dT%H:%M:%SZ}"

    def flow(self, destination: str) -> str:
        return (
            f"  to-{destination}:\n    destination: {destination}\n    mode: incremental\n"
            f"    schedule: {{every: 3h, start: {self.first:%Y-%m-%dT%H:%M:%SZ}}}\n"
            f"    datasets: [{{id: {DATASET}, name: Web events}}]\n"
        )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    made = Tree(tmp_path_factory.mktemp("tree"), hour - timedelta(hours=12))
    for number in range(2):
        due = made.first + number * timedelta(hours=3)
        folder = made.root / FOLDER / DATASET / f"exportTime={due:%Y%m%d%H%M}"
        folder.mkdir(parents=True)
        for n in range(2):
            data = gzip.compress(b"".join(RECORD % (100 * n + one) for one in range(50)), mtime=0)
            name = f"part-{n:05d}-tid-1-0f2c1a7e-0000-4000-8000-0000000000a{number}-{n}-1-c000.json.gz"
            (folder / name).write_bytes(data[:-9] if number == n == 1 else data)
    return made


def judged(report: str, destination: str, folder: str = FOLDER) -> Any:
    """All that an audit says of one destination's runs, wherever their folder lies."""
    told = json.loads(report.replace(f"{folder}/", f"{FOLDER}/"))
    of = [{**one, "flow": "", "destination": ""} for one in told["runs"] if one["destination"] == destination]
    for one in of:
        one["findings"] = [{**f, "flow": "", "destination": ""} for f in one["findings"]]
    codes = [(f["code"], f["due"], f["message"]) for f in told["findings"] if f["destination"] == destination]
    return of, codes


@pytest.fixture(scope="module")
def on_disk(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Any]:
    """Exit code and verdicts for the same tree on `type: local`."""
    home = tmp_path_factory.mktemp("local")
    (home / "auditor.yaml").write_text(
        f"destinations:\n  {NAME}: {{type: local, root: {tree.root}, folder: {FOLDER}, arrival: export_time}}\n"
        f"flows:\n{tree.flow(NAME)}"
    )
    told = CliRunner().invoke(
        app, ["audit", "-c", str(home / "auditor.yaml"), "--now", tree.now, "--format", "json"], env=environ(home)
    )
    runs, codes = verdicts = judged(told.stdout, NAME)
    assert [run["content"] for run in runs][:2] == ["sound", "damaged"]
    assert {"export-missing", "file-truncated"} <= {code for code, *_ in codes}
    return told.exit_code, verdicts


def environ(home: Path, *more: Mapping[str, str]) -> dict[str, str | None]:
    """Variables of somebody who has logged in nowhere, and `more`. None takes one away."""
    made: dict[str, str | None] = {name: None for name in os.environ if name.startswith(FOREIGN)}
    made |= {"HOME": str(home), "NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true"}
    for one in more:
        made |= one
    return made


@dataclass
class Home:
    """Where somebody keeps the configuration of one destination."""

    path: Path
    written: Written
    tree: Tree
    told: list[str] = field(default_factory=list)  # all that was said

    def run(self, *arguments: str, wrong: bool = False, login: Mapping[str, str] | None = None) -> Result:
        variables = self.write(wrong=wrong) if login is None else login
        result = CliRunner().invoke(app, [*arguments], env=environ(self.path, variables))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.told.append(result.output + result.stderr)
        return result

    def with_config(self, *arguments: str, wrong: bool = False) -> Result:
        return self.run(*arguments, "-c", str(self.path / "auditor.yaml"), wrong=wrong)

    def audit(self, *arguments: str, wrong: bool = False) -> Result:
        return self.with_config("audit", "--now", self.tree.now, *arguments, wrong=wrong)

    def write(self, *, wrong: bool) -> dict[str, str]:
        destination, platform = self.written.sections(NAME, wrong=wrong)
        (self.path / "auditor.yaml").write_text(
            (f"experience_platform:\n{platform}" if platform else "")
            + f"ledger: sqlite:///{'wrong' if wrong else 'right'}.db\n"
            + f"destinations:\n{destination}    arrival: export_time\nflows:\n{self.tree.flow(NAME)}"
        )
        return self.written.lay_out(self.path, wrong=wrong)

    def check_for_secrets(self) -> None:
        """Nothing that was said or kept has one, however it is written."""
        kept = [path for path in self.path.rglob("*") if path.is_file()]
        own = {"auditor.yaml", *self.written.files}
        texts = [path.read_bytes() for path in kept if path.relative_to(self.path).as_posix() not in own]
        for text in [*texts, *(told.encode() for told in self.told)]:
            for secret in pieces([*self.written.secrets, *self.written.secrets.values()]):
                assert not [one for one in disguises(secret) if one in text]


def pieces(secrets: Iterable[str]) -> Iterator[str]:
    """A private key gives itself away by each of its lines."""
    for secret in secrets:
        lines = secret.replace("\\n", "\n").split("\n")
        yield from (line for line in lines if line and not line.startswith("-----"))


def disguises(secret: str) -> set[bytes]:
    """As it is, and as URLs, HTML, JSON and base64 (at any place of what is encoded) have it."""
    plain = {secret, unquote(secret), quote(secret, safe=""), quote(secret), quote_plus(secret)}
    plain |= {html.escape(secret), json.dumps(secret)[1:-1]}
    raw = unquote(secret).encode()
    encoded = {
        encode(b"\0" * shift + raw)[4 if shift else 0 : -4]  # what does not hang on the bytes around it
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
        for shift in range(3)
    }
    return {one.encode() for one in plain} | encoded


@pytest.fixture(scope="module", params=WRITTEN)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tree: Tree) -> Iterator[Home]:
    with WRITTEN[request.param]() as written:
        put_tree(written.place, tree.root)
        yield Home(tmp_path_factory.mktemp("home"), written, tree)


def test_a_destination_by_hand_is_checked_audited_and_verified_like_a_folder_here(home: Home, on_disk: tuple[int, Any]):
    assert home.with_config("config", "check").exit_code == 0

    checked = home.with_config("destinations", "check", "--format", "json")
    assert checked.exit_code == 0, checked.output
    (found,) = json.loads(checked.stdout)["destinations"]
    assert (found["type"], found["looked_at"]) == (home.written.type, True)
    assert {step["step"]: step["outcome"] for step in found["steps"]} == dict.fromkeys(
        ("reach", "log in", "list", "read"), "done"
    )
    row = home.with_config("destinations", "check").stdout.splitlines()[1].split()
    assert row[:2] == [NAME, home.written.type]
    assert row.count("✓") >= 3

    audited = home.audit("--format", "json")
    assert (audited.exit_code, judged(audited.stdout, NAME, home.written.folder)) == on_disk

    told = home.with_config("verify", f"{NAME}:{home.written.folder}/")
    assert (told.exit_code, told.stdout.endswith(VERIFIED)) == (1, True), told.output
    home.check_for_secrets()


@pytest.mark.parametrize("name", ADDRESSED)
def test_an_address_is_verified_with_what_the_vendors_tools_log_in_with(name: str, tree: Tree, tmp_path: Path):
    with WRITTEN[name]() as written:
        put_tree(written.place, tree.root)
        home = Home(tmp_path, written, tree)
        home.write(wrong=False)  # of it, what lies in the home folder is used
        told = home.run("verify", written.address, login=written.login())
        assert (told.exit_code, told.stdout.endswith(VERIFIED)) == (1, True), told.output
        if written.login(wrong=True) != written.login():
            assert home.run("verify", written.address, login=written.login(wrong=True)).exit_code == 3
        home.check_for_secrets()


def test_secrets_that_do_not_fit_are_one_finding_and_seen_nowhere(home: Home):
    checked = home.with_config("destinations", "check", wrong=True)
    assert checked.exit_code == 3
    assert "export-auditor explain credential-expired" in checked.stdout
    found = json.loads(home.with_config("destinations", "check", "--format", "json", wrong=True).stdout)
    failed = [step for step in found["destinations"][0]["steps"] if step["outcome"] == "failed"]
    assert [(step["step"], step["code"]) for step in failed] == [("log in", "credential-expired")]

    audited = home.audit("--format", "json", wrong=True)
    assert audited.exit_code == 3
    told = json.loads(audited.stdout)
    assert [finding["code"] for finding in told["findings"]] == ["credential-expired"]
    assert {(run["arrival"], run["content"]) for run in told["runs"]} == {("unknown", "unverifiable")}
    for name in ("table", "html"):
        assert home.audit("--format", name, "-o", str(home.path / f"report.{name}"), wrong=True).exit_code == 3
    assert home.with_config("verify", f"{NAME}:{home.written.folder}/", wrong=True).exit_code == 3
    assert (home.path / "wrong.db").read_bytes().startswith(b"SQLite")
    home.check_for_secrets()


def test_one_destination_that_is_broken_takes_nothing_from_the_other(
    tree: Tree, on_disk: tuple[int, Any], tmp_path: Path
):
    """By the installed command, as a scheduler runs it."""
    with WRITTEN["s3"]() as whole, WRITTEN["azure-blob by account key"]() as broken:
        put_tree(whole.place, tree.root)
        variables = {**whole.lay_out(tmp_path), **broken.lay_out(tmp_path, wrong=True)}
        destinations = f"{whole.sections(NAME)[0]}    arrival: export_time\n{broken.sections(OTHER, wrong=True)[0]}"
        (tmp_path / "auditor.yaml").write_text(
            f"destinations:\n{destinations}flows:\n{tree.flow(NAME)}{tree.flow(OTHER)}"
        )
        told = subprocess.run(
            [Path(sys.executable).parent / "export-auditor", "audit", "--now", tree.now, "--format", "json"],
            cwd=tmp_path,
            env={
                name: value
                for name, value in {**os.environ, **environ(tmp_path, variables)}.items()
                if value is not None
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert (told.returncode, judged(told.stdout, NAME)) == on_disk, told.stderr
    runs, codes = judged(told.stdout, OTHER)
    assert {run["arrival"] for run in runs} == {"unknown"}
    assert [code for code, *_ in codes] == ["credential-expired"]
