"""The command: what it writes where, what it refuses, and how it ends."""

import os

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.settings import load_config
from tests.propose.making import A, B, every, exports
from tests.servers.seaweedfs import seaweedfs

__all__ = ["seaweedfs"]


def lay(home, objects):
    for key, (data, modified) in objects.items():
        path = home / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (modified.timestamp(), modified.timestamp()))
    return home


def init(*arguments):
    return CliRunner().invoke(app, ["config", "init", *map(str, arguments)])


@pytest.fixture
def tree(tmp_path):
    return lay(tmp_path / "exports", exports(A, every(3, 20)) | exports(B, every(3, 1)))


def test_standard_output_holds_yaml_only_and_standard_error_the_summary(tree, tmp_path):
    answer = init("--from-storage", tree)
    assert answer.exit_code == 0
    (tmp_path / "elsewhere.yaml").write_text(answer.stdout, encoding="utf-8")
    config = load_config(tmp_path / "elsewhere.yaml")
    assert config.destinations["exports"].options == {"root": str(tree)}
    assert answer.stderr == (
        "json-3h: 1 dataset, every 3h from 2026-10-01 00:00 UTC\n"
        f"not proposed: {B}: 1 export (2026-10-01 00:00); at least 4 at even distances are needed\n"
        "Next: read the comments, then export-auditor audit -c FILE\n"
    )


def test_a_file_names_the_folder_beside_it_relative_to_itself(tree, tmp_path):
    answer = init("--from-storage", tree, "-o", tmp_path / "auditor.yaml")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "    root: ./exports\n    folder: backups\n" in (tmp_path / "auditor.yaml").read_text(encoding="utf-8")
    assert load_config(tmp_path / "auditor.yaml").destinations["exports"].options == {"root": str(tree)}


def test_a_file_that_exists_is_overwritten_with_force_only(tree, tmp_path):
    target = tmp_path / "auditor.yaml"
    target.write_text("mine", encoding="utf-8")
    answer = init("--from-storage", tree, "-o", target)
    assert answer.exit_code == 2
    assert "exists; name another file, or add --force to overwrite it" in answer.stderr
    assert target.read_text(encoding="utf-8") == "mine"
    assert init("--from-storage", tree, "-o", target, "--force").exit_code == 0
    assert load_config(target).flows.keys() == {"json-3h"}


def test_the_folder_path_is_chosen_and_others_are_said(tmp_path):
    tree = lay(tmp_path / "x", exports(A, every(3, 20), folder="a") | exports(B, every(3, 30), folder="b"))
    answer = init("--from-storage", tree)
    said = "Exports lie below a too: 20 of 1 datasets; to take that one, add --folder"
    assert said in answer.stdout
    assert said in answer.stderr
    assert "    folder: b\n" in answer.stdout
    assert "    folder: a\n" in init("--from-storage", tree, "--folder", "/a/").stdout


def test_a_destination_of_a_configuration_is_looked_at_as_it_is_opened_there(tree, tmp_path):
    assert init("--from-storage", tree, "-o", tmp_path / "auditor.yaml").exit_code == 0
    answer = init("-c", tmp_path / "auditor.yaml", "--destination", "exports")
    assert answer.exit_code == 0
    assert f"    root: {tree}\n" in answer.stdout.replace('"', "")
    assert "flows:\n  json-3h:\n" in answer.stdout


MISTAKES = [  # arguments, what is said; {tree} is a folder with exports
    ([], "name what to look at: --from-storage DIR or s3://BUCKET/FOLDER, or -c FILE --destination NAME"),
    (["--from-storage", "{tree}", "--destination", "x"], "name what to look at"),
    (["--from-storage", "{tree}/nowhere"], "is no folder"),
    (["--from-storage", "{tree}", "--region", "eu"], "--region means nothing for a folder on this machine"),
    (["--from-storage", "ftp://x/y"], "is no address that can be opened; known: s3://bucket/prefix, gs://"),
    (["--from-storage", "s3://"], "bucket"),
    (["--from-storage", "s3://b_!/x"], "is no bucket name"),
    (["--from-storage", "s3://AKIAKEY:tops3cret@bucket/x"], "holds a password or a signature; leave it out"),
    (["--from-storage", "https://b.example/x?X-Amz-Signature=tops3cret"], "holds a password or a signature"),
    (["--from-storage", "s3://bucket", "--endpoint-url", "http://k:tops3cret@h"], "the address holds credentials"),
    (["--from-storage", "s3://bucket", "--endpoint-url", "h:9000"], "is no address; write it with its scheme"),
    (["-c", "{tree}/none.yaml", "--destination", "x"], "none.yaml"),
]


@pytest.mark.parametrize("arguments, said", MISTAKES)
def test_mistakes_are_said_and_end_with_2(tree, arguments, said):
    answer = init(*(one.format(tree=tree) for one in arguments))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert "tops3cret" not in answer.output


def test_a_name_that_no_destination_has_is_said(tree, tmp_path):
    init("--from-storage", tree, "-o", tmp_path / "auditor.yaml")
    answer = init("-c", tmp_path / "auditor.yaml", "--destination", "lake")
    assert answer.exit_code == 2
    assert "--destination lake: there is none of that name; known: exports" in answer.stderr


def test_where_nothing_lies_it_ends_with_3_and_writes_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    answer = init("--from-storage", tmp_path / "empty", "-o", tmp_path / "auditor.yaml")
    assert answer.exit_code == 3
    assert answer.stderr == ("export-auditor: nothing can be proposed: no <dataset id>/exportTime=… below the root\n")
    assert not (tmp_path / "auditor.yaml").exists()


def test_where_nothing_is_regular_each_reason_is_said_and_it_ends_with_3(tmp_path):
    answer = init("--from-storage", lay(tmp_path / "x", exports(A, every(3, 2))))
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert f"  {A}: 2 exports (2026-10-01 00:00 to 2026-10-01 03:00); at least 4" in answer.stderr


def test_a_bucket_is_written_with_its_place_and_without_any_key(seaweedfs, monkeypatch, tmp_path):
    bucket = seaweedfs.make_bucket()
    for key, (data, _) in exports(A, every(24, 10), folder="aep/backups").items():
        seaweedfs.put(bucket, key, data)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweedfs.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweedfs.secret_access_key)
    endpoint = ["--endpoint-url", seaweedfs.endpoint_url, "--region", "us-east-1"]
    answer = init("--from-storage", f"s3://{bucket}/aep", *endpoint)
    assert answer.exit_code == 0, answer.output
    assert seaweedfs.secret_access_key not in answer.output
    assert seaweedfs.access_key_id not in answer.output
    assert "# Keys are not written here. Without any, the usual AWS chain gives them" in answer.stdout
    (tmp_path / "auditor.yaml").write_text(answer.stdout, encoding="utf-8")
    config = load_config(tmp_path / "auditor.yaml")
    [place] = config.destinations.values()
    assert place.facts.folder == "aep/backups"
    assert place.options == {"bucket": bucket, "endpoint_url": seaweedfs.endpoint_url, "region": "us-east-1"}
    assert place.facts.arrival == "export_time"  # all was uploaded just now
    denied = init("--from-storage", "s3://no-such-bucket-here", *endpoint)
    assert denied.exit_code == 3
    assert "nothing can be proposed: s3://no-such-bucket-here: list" in denied.stderr
