"""S3 as its users run it: rights that lack, keys that are wrong, a whole tree in a bucket."""

from pathlib import Path

import pytest

from adapters.base import AccessDenied, CredentialExpired, NotFound
from adapters.local import LocalAdapter
from adapters.registry import open_destination
from tests.servers.seaweedfs import SeaweedFS, seaweedfs

__all__ = ["seaweedfs"]


@pytest.fixture
def bucket(seaweedfs: SeaweedFS) -> str:
    return seaweedfs.make_bucket()


def test_a_tree_in_a_bucket_lists_and_reads_like_the_tree(seaweedfs: SeaweedFS, bucket: str, tmp_path: Path):
    for key in ("d/exportTime=1/a b.json.gz", "d/exportTime=1/c+%20.parquet", "d/exportTime=2/ü", "m.json"):
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())
    (tmp_path / "d/exportTime=3").mkdir()
    seaweedfs.put_tree(bucket, tmp_path, "backups/")
    local = LocalAdapter("local", tmp_path)
    remote = open_destination("remote", "s3", {**seaweedfs.options, "bucket": bucket, "page_size": 3})
    wanted = {f"backups/{info.key}": (info.size, info.is_marker) for info in local.list_objects("")}
    assert {i.key: (i.size, i.is_marker) for i in remote.list_objects("backups/")} == wanted
    for key, (_, is_marker) in wanted.items():
        with remote.read_object(key) as stream:
            assert stream.read() == (b"" if is_marker else key.removeprefix("backups/").encode())


def test_hundreds_of_objects_are_listed_each_once(seaweedfs: SeaweedFS, bucket: str, tmp_path: Path):
    for number in range(250):
        path = tmp_path / f"d/exportTime={number // 3:04}/part-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    keys = seaweedfs.put_tree(bucket, tmp_path)
    for page_size in (1000, 50, 7):
        adapter = open_destination("lake", "s3", {**seaweedfs.options, "bucket": bucket, "page_size": page_size})
        assert sorted(info.key for info in adapter.list_objects("d/")) == keys
        start_at = "d/exportTime=0080/"
        assert sorted(info.key for info in adapter.list_objects("d/", start_at=start_at)) == keys[240:]
        adapter.close()


@pytest.mark.parametrize(
    "identity, can_list, can_read", [("reader", False, True), ("lister", True, False), ("nobody", False, False)]
)
def test_a_right_that_lacks_is_named(seaweedfs: SeaweedFS, bucket: str, identity: str, can_list: bool, can_read: bool):
    seaweedfs.put(bucket, "p/x", b"12345")
    options = {**seaweedfs.options, **seaweedfs.keys(identity), "bucket": bucket}
    adapter = open_destination("lake", "s3", options)
    if can_list:
        assert [info.key for info in adapter.list_objects("p/")] == ["p/x"]
    else:
        with pytest.raises(AccessDenied, match="s3:ListBucket is missing"):
            list(adapter.list_objects("p/"))
    if can_read:
        with adapter.read_object("p/x") as stream:
            assert stream.read() == b"12345"
        assert adapter.describe_object("p/x").size == 5
    else:
        for ask in (adapter.read_object, adapter.describe_object):
            with pytest.raises(AccessDenied, match="s3:GetObject is missing"):
                ask("p/x")


@pytest.mark.parametrize("wrong", [{"secret_access_key": "wrong"}, {"access_key_id": "nobody-knows"}])
def test_wrong_keys_are_not_a_lack_of_rights(seaweedfs: SeaweedFS, bucket: str, wrong: dict[str, str]):
    adapter = open_destination("lake", "s3", {**seaweedfs.options, "bucket": bucket, **wrong})
    for ask in (
        lambda: list(adapter.list_objects("")),
        lambda: adapter.read_object("x"),
        lambda: adapter.describe_object("x"),
    ):
        with pytest.raises(CredentialExpired):
            ask()


def test_a_missing_bucket_and_a_missing_key_are_told_apart(seaweedfs: SeaweedFS, bucket: str):
    absent = open_destination("lake", "s3", {**seaweedfs.options, "bucket": f"{bucket}-no"})
    with pytest.raises(NotFound, match="the bucket is not there"):
        list(absent.list_objects(""))
    there = open_destination("lake", "s3", {**seaweedfs.options, "bucket": bucket})
    with pytest.raises(NotFound, match="not there"):
        there.read_object("absent")


def test_keys_given_by_value_need_no_profile_of_the_environment(seaweedfs, monkeypatch):
    bucket = seaweedfs.make_bucket()
    seaweedfs.put(bucket, "a", b"1")
    monkeypatch.setenv("AWS_PROFILE", "nobody-wrote-this-profile")
    adapter = open_destination("remote", "s3", {**seaweedfs.options, "bucket": bucket})
    assert [info.key for info in adapter.list_objects("")] == ["a"]
