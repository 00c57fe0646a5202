"""Logging in to S3 as its users do: roles with an external id, temporary keys, profiles, the chain; on moto's STS."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from adapters.base import AccessDenied, Adapter, CredentialExpired
from adapters.registry import open_destination
from adapters.s3_session import Login
from tests.servers.fake_s3 import Answer, Request, fake_s3, page, stored
from tests.servers.moto_server import Moto, moto_aws

__all__ = ["moto_aws"]

READING = ("s3:ListBucket", "s3:GetObject")
FROM_ENVIRONMENT = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
)


@pytest.fixture(autouse=True)
def nothing_given(tmp_path: Path, monkeypatch) -> Path:
    """An environment without any credentials; gives the shared file for them."""
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in FROM_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def bucket(moto_aws: Moto) -> str:
    return moto_aws.make_bucket({"p/x": b"12345"})


@pytest.fixture
def opened(moto_aws: Moto, bucket: str, monkeypatch) -> Iterator[Callable[..., Adapter]]:
    """Opens the bucket with the options given; tokens come from the same server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_aws.endpoint_url)
    adapters: list[Adapter] = []

    def start(**options: object) -> Adapter:
        given = {"bucket": bucket, "endpoint_url": moto_aws.endpoint_url, "timeout": 10.0, **options}
        adapters.append(open_destination("lake", "s3", given))
        return adapters[-1]

    yield start
    for adapter in adapters:
        adapter.close()


def looks_whole(adapter: Adapter) -> bool:
    with adapter.read_object("p/x") as stream:
        data = stream.read()
    return [info.key for info in adapter.list_objects("")] == ["p/x"] and data == b"12345"


def test_a_role_is_taken_on_with_its_external_id_and_what_it_may_is_what_counts(moto_aws: Moto, opened):
    user, role = moto_aws.make_user("sts:AssumeRole"), moto_aws.make_role(*READING, external_id="partner-7")
    with moto_aws.rights_enforced():
        assert looks_whole(opened(**user, role_arn=role, external_id="partner-7"))
        assert moto_aws.external_ids(role) == ["partner-7"]
        with pytest.raises(AccessDenied, match="sts:AssumeRole is missing"):
            list(opened(**user, role_arn=role, external_id="partner-8").list_objects(""))
        with pytest.raises(AccessDenied, match="s3:ListBucket is missing"):
            list(opened(**user).list_objects(""))  # the user alone may not


def test_the_keys_of_a_role_are_in_no_log(moto_aws: Moto, opened, caplog: pytest.LogCaptureFixture):
    user, role = moto_aws.make_user("sts:AssumeRole"), moto_aws.make_role(*READING)
    with caplog.at_level(logging.DEBUG):
        adapter = opened(**user, role_arn=role)
        assert looks_whole(adapter)
    keys = adapter.inner._clients.current()._request_signer._credentials.get_frozen_credentials()
    assert keys.token
    for secret in (keys.secret_key, keys.token, user["secret_access_key"], "AWS4-HMAC-SHA256"):
        assert secret not in caplog.text


def test_without_an_external_id_none_is_sent(moto_aws: Moto, opened):
    role = moto_aws.make_role(*READING)
    assert looks_whole(opened(**moto_aws.make_user("sts:AssumeRole"), role_arn=role))
    assert moto_aws.external_ids(role) == [None]


def test_a_role_that_may_not_be_taken_on_is_named_as_such(moto_aws: Moto, opened):
    user, role = moto_aws.make_user(*READING), moto_aws.make_role(*READING)
    with moto_aws.rights_enforced():
        for ask in (
            lambda a: list(a.list_objects("")),
            lambda a: a.read_object("p/x"),
            lambda a: a.describe_object("p/x"),
        ):
            with pytest.raises(AccessDenied, match=r"sts:AssumeRole is missing"):
                ask(opened(**user, role_arn=role, external_id="partner-7"))


def test_a_role_that_may_only_list_lists(moto_aws: Moto, opened):
    user, role = moto_aws.make_user("sts:AssumeRole"), moto_aws.make_role("s3:ListBucket")
    adapter = opened(**user, role_arn=role)
    with moto_aws.rights_enforced():
        assert [info.key for info in adapter.list_objects("")] == ["p/x"]
        with pytest.raises(AccessDenied, match="s3:GetObject is missing"):
            adapter.read_object("p/x")


def test_a_role_is_taken_on_from_a_profile_and_from_the_chain(moto_aws: Moto, opened, nothing_given, monkeypatch):
    user, role = moto_aws.make_user("sts:AssumeRole"), moto_aws.make_role(*READING)
    written = f"aws_access_key_id={user['access_key_id']}\naws_secret_access_key={user['secret_access_key']}\n"
    nothing_given.write_text(f"[audit]\n{written}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", user["secret_access_key"])
    with moto_aws.rights_enforced():
        assert looks_whole(opened(profile="audit", role_arn=role, external_id="from-profile"))
        assert looks_whole(opened(role_arn=role, external_id="from-chain"))
    assert moto_aws.external_ids(role) == ["from-profile", "from-chain"]


def test_temporary_keys_need_their_session_token(moto_aws: Moto, opened):
    user, role = moto_aws.make_user("sts:AssumeRole"), moto_aws.make_role(*READING)
    session = boto3.session.Session(user["access_key_id"], user["secret_access_key"], region_name="us-east-1")
    sts = session.client("sts", endpoint_url=moto_aws.endpoint_url)
    made = sts.assume_role(RoleArn=role, RoleSessionName="owner")["Credentials"]
    keys = {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}
    with moto_aws.rights_enforced():
        assert looks_whole(opened(**keys, session_token=made["SessionToken"]))
        with pytest.raises(CredentialExpired):
            list(opened(**keys, session_token="nobody-issued-it").list_objects(""))
    sts.close()


WAYS = ["profile", "AWS_PROFILE", "default profile", "environment", "given"]


@pytest.mark.parametrize("way", WAYS)
def test_keys_are_found_where_they_are_given(way: str, nothing_given: Path, monkeypatch):
    nothing_given.write_text(
        "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=s\n"
        "[audit]\naws_access_key_id=AUDIT\naws_secret_access_key=s\naws_session_token=tok\n"
    )
    options: dict[str, str] = {}
    if way == "profile":
        options["profile"] = "audit"
    elif way == "AWS_PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "audit")
    elif way == "environment":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "tok")
    elif way == "given":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        options |= {"access_key_id": "GIVEN", "secret_access_key": "s", "session_token": "tok"}
    expected = {"profile": "AUDIT", "AWS_PROFILE": "AUDIT", "default profile": "DEFAULT"}.get(way, way.upper())
    with fake_s3(lambda _: page(["x"])) as server:
        adapter = open_destination("lake", "s3", {"bucket": "b", "endpoint_url": server.endpoint_url, **options})
        assert [info.key for info in adapter.list_objects("")] == ["x"]
        adapter.close()
    (request,) = server.requests
    assert f"Credential={expected}/" in request.headers["authorization"]
    assert request.headers.get("x-amz-security-token") == (None if expected == "DEFAULT" else "tok")


def test_nobody_logged_in_is_told_and_nothing_is_sent(monkeypatch):
    with fake_s3(lambda _: page([])) as server:
        adapter = open_destination("lake", "s3", {"bucket": "b", "endpoint_url": server.endpoint_url})
        with pytest.raises(CredentialExpired, match="no complete credentials were found"):
            list(adapter.list_objects(""))
        adapter.close()
    assert not server.requests


def test_the_requester_pays_for_each_call_and_the_bucket_stands_in_the_path():
    def script(request: Request) -> Answer:
        return page(["x"]) if request.is_listing else stored(b"12345", request)

    with fake_s3(script) as server:
        adapter = open_destination("lake", "s3", {**server.options, "requester_pays": True})
        assert [info.key for info in adapter.list_objects("")] == ["x"]
        assert adapter.describe_object("x").size == 5
        with adapter.read_object("x", 1, 2) as stream:
            assert stream.read() == b"23"
        adapter.close()
    assert {request.headers.get("x-amz-request-payer") for request in server.requests} == {"requester"}
    assert [request.path.rstrip("/") for request in server.requests] == ["/exports", "/exports/x", "/exports/x"]
    for request in server.requests:  # it is part of what is signed
        assert "x-amz-request-payer" in request.headers["authorization"]


def test_a_bucket_of_amazon_stands_in_the_host_name():
    """Path style is for servers given by `endpoint_url`."""
    login = Login(access_key_id="A", secret_access_key="s", region="eu-central-1")
    client = login.open_client(login.open_session())
    url = client.generate_presigned_url("get_object", Params={"Bucket": "acme-exports", "Key": "x"})
    assert url.startswith("https://acme-exports.s3.")
    client.close()
