"""Amazon's STS, IAM and S3 as moto plays them, for what SeaweedFS has not: roles to take on, temporary keys, policies.

It runs in a thread of the test process, so that what was asked of it can be looked at.
"""

import contextlib
import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from moto.backends import get_backend
from moto.server import ThreadedMotoServer

from tests.servers.process import Shared

ACCOUNT = "123456789012"
NO_LIMIT = 10**9


@dataclass
class Moto:
    """A running server. It lets everyone in, except inside `rights_enforced`."""

    endpoint_url: str
    s3: Any = field(repr=False)
    iam: Any = field(repr=False)

    def make_bucket(self, objects: dict[str, bytes]) -> str:
        name = f"exports-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=name)
        for key, data in objects.items():
            self.s3.put_object(Bucket=name, Key=key, Body=data)
        return name

    def make_user(self, *actions: str) -> dict[str, str]:
        """The keys of a new user who may do `actions` on everything."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        self.iam.create_user(UserName=name)
        if actions:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=_policy(actions))
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}

    def make_role(self, *actions: str, external_id: str | None = None) -> str:
        """The name (ARN) of a new role that may do `actions` on everything, for whoever knows its `external_id`."""
        name = f"role-{uuid.uuid4().hex[:8]}"
        trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trust |= {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if actions:
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_policy(actions))
        return str(role["Role"]["Arn"])

    def external_ids(self, role_arn: str) -> list[str | None]:
        """With which external ids `role_arn` was taken on, in order."""
        taken = get_backend("sts")[ACCOUNT]["aws"].assumed_roles
        return [each.external_id for each in taken if each.role_arn == role_arn]

    @contextlib.contextmanager
    def rights_enforced(self) -> Iterator[None]:
        """Policies hold, and nobody unknown is let in."""
        self._let_in(0)
        try:
            yield
        finally:
            self._let_in(NO_LIMIT)

    def _let_in(self, requests_without_rights: int) -> None:
        url = f"{self.endpoint_url}/moto-api/reset-auth"
        with requests.Session() as session:
            session.trust_env = False
            session.post(url, data=str(requests_without_rights).encode(), timeout=10).raise_for_status()


def _policy(actions: tuple[str, ...]) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextlib.contextmanager
def running_moto() -> Iterator[Moto]:
    """Start a server of one's own; it is stopped in the end."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    session = boto3.session.Session(aws_access_key_id="owner", aws_secret_access_key="s", region_name="us-east-1")
    config = Config(proxies={}, s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
    s3, iam = (session.client(service, endpoint_url=url, config=config) for service in ("s3", "iam"))
    try:
        yield Moto(url, s3, iam)
    finally:
        s3.close()
        iam.close()
        server.stop()


shared_moto = Shared(running_moto)
"""The server of this process."""


@pytest.fixture(scope="session")
def moto_aws() -> Iterator[Moto]:
    """Import this where it is used: every module that does shares one server."""
    with shared_moto() as server:
        yield server
