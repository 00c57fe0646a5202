"""Opening destinations by their type."""

import pickle
import subprocess
import sys

import pytest

from adapters.local import LocalAdapter
from adapters.registry import TYPES, open_destination, opener
from adapters.retry import RetryingAdapter


def test_the_types_are_those_of_the_configuration():
    assert set(TYPES) == {"local", "s3", "azure-blob", "adls-gen2", "gcs", "sftp", "data-landing-zone"}


def test_an_unknown_type_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=rf"unknown type 'ftp'; known: {', '.join(TYPES)}"):
        open_destination("lake", "ftp", {})


@pytest.mark.parametrize(
    "kind, options, told",
    [
        ("local", {}, r"missing option root"),
        ("local", {"root": "/x", "bucket": "b"}, r"unknown option bucket"),
        ("s3", {"bucket": "b", "buckt": "c"}, r"unknown option buckt"),
        ("s3", {"bucket": ""}, r"bucket must not be empty"),
        ("s3", {"bucket": "b", "page_size": 0}, r"page_size"),
        ("s3", {"bucket": "b", "timeout": 0}, r"timeout"),
        ("gcs", {"bucket": ""}, r"bucket must not be empty"),
        ("gcs", {"bucket": "b", "page_size": 0}, r"page_size"),
        ("gcs", {"bucket": "b", "hmac_access_id": "A"}, r"hmac_secret go together"),
        ("gcs", {"bucket": "b", "anonymous": True, "service_account_file": "f"}, r"one of service_account_file"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_asked(kind, options, told):
    with pytest.raises(ValueError, match=told):
        open_destination("lake", kind, options)


def test_what_is_not_given_is_none_or_absent(tmp_path):
    common = {"concurrency": 4, "page_size": 100, "timeout": 5.0}
    assert isinstance(open_destination("lake", "local", {"root": str(tmp_path), **common}), LocalAdapter)
    remote = open_destination("lake", "s3", {"bucket": "b", "profile": None, "endpoint_url": None, **common})
    assert isinstance(remote, RetryingAdapter)
    assert remote.name == "lake"


def test_an_opener_travels_to_another_process_and_shows_no_secret():
    secret = "tell-nobody-of-it"
    opened = opener("lake", "s3", {"bucket": "b", "access_key_id": "A", "secret_access_key": secret})
    again = pickle.loads(pickle.dumps(opened))
    assert again().name == "lake"
    for shown in (repr(opened), str(again), repr(again())):
        assert secret not in shown


def test_an_sdk_is_imported_when_first_asked_for():
    script = (
        "import sys; import adapters.registry as r; r.open_destination('d', 'local', {'root': '/'});"
        "print(sorted({'boto3', 'botocore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
