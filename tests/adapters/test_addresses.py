"""Addresses as the vendors' tools write them: what they name, and what must not stand in them."""

import pytest

from adapters.addresses import open_address, parse_address, shown_address

SECRET = "hunter2hunter2"
AZ = {"container": "exports", "account_url": "https://acme.blob.core.windows.net"}
LAKE = {"file_system": "exports", "account_url": "https://acme.dfs.core.windows.net"}


@pytest.mark.parametrize(
    "address, name, prefix",
    [
        ("s3://exports/backups/x", "s3://exports", "backups/x"),
        ("s3://exports/", "s3://exports", ""),
        ("s3://exports", "s3://exports", ""),
        ("s3://exports/a//b?c#d%20", "s3://exports", "a//b?c#d%20"),
    ],
)
def test_an_address_is_a_bucket_and_a_prefix(address, name, prefix):
    opened, found = open_address(address, {})
    assert (opened().name, found) == (name, prefix)


PLACES = [  # address, type, place, prefix
    ("gs://exports/a/b", "gcs", {"bucket": "exports"}, "a/b"),
    ("az://exports@acme.blob.core.windows.net/a b", "azure-blob", AZ, "a b"),
    ("abfss://exports@acme.dfs.core.windows.net/a", "adls-gen2", LAKE, "a"),
    ("abfss://exports@acme.dfs.core.windows.net", "adls-gen2", LAKE, ""),
]


@pytest.mark.parametrize("address, type_, place, prefix", PLACES)
def test_each_scheme_names_its_type_with_the_keys_of_a_configuration(address, type_, place, prefix):
    found = parse_address(address, {})
    assert (found.type, dict(found.place), found.prefix, dict(found.login)) == (type_, place, prefix, {})


SFTP = [  # address, host, port, user, root, prefix
    ("sftp://audit@h.example.com/data/x", "h.example.com", 22, "audit", "/", "data/x"),
    ("sftp://audit@h:2222/~/x", "h", 2222, "audit", None, "x"),
    ("sftp://audit@h/~", "h", 22, "audit", None, ""),
    ("sftp://h", "h", 22, "me", "/", ""),
    ("sftp://[::1]:2222/x", "::1", 2222, "me", "/", "x"),
]


@pytest.mark.parametrize("address, host, port, user, root, prefix", SFTP)
def test_a_path_of_sftp_is_absolute_unless_it_begins_at_home(address, host, port, user, root, prefix):
    found = parse_address(address, {"USER": "me"})
    told = {key: found.place[key] for key in ("host", "port", "username")}
    assert told == {"host": host, "port": port, "username": user}
    assert (found.place.get("root"), found.prefix) == (root, prefix)
    assert str(found.place["known_hosts_file"]).endswith("/.ssh/known_hosts")


AZURE = [  # told, address, environment, login
    ("connection string", "az://x/p", {"AZURE_STORAGE_CONNECTION_STRING": SECRET}, {"connection_string": SECRET}),
    (
        "key",
        "az://x/p",
        {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_KEY": SECRET, "AZURE_STORAGE_SAS_TOKEN": "sig=x"},
        {"account_key": SECRET},
    ),
    (
        "signature",
        "az://x/p",
        {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_SAS_TOKEN": SECRET},
        {"sas_token": SECRET},
    ),
    (
        "signature of the account that is named",
        "abfss://x@acme.dfs.core.windows.net/p",
        {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_SAS_TOKEN": SECRET},
        {"sas_token": SECRET},
    ),
    (
        "signature of another account",
        "az://x@other.blob.core.windows.net/p",
        {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_SAS_TOKEN": SECRET},
        {},
    ),
    ("nothing: azure-identity", "az://x/p", {"AZURE_STORAGE_ACCOUNT": "acme"}, {}),
]


@pytest.mark.parametrize("told, address, environ, login", AZURE, ids=[case[0] for case in AZURE])
def test_azure_addresses_use_the_variables_of_az_and_send_no_signature_elsewhere(told, address, environ, login):
    found = parse_address(address, environ)
    assert dict(found.login) == login
    assert SECRET not in repr(found)


def test_an_emulator_of_google_storage_is_asked_without_logging_in():
    found = parse_address("gs://exports/p", {"STORAGE_EMULATOR_HOST": "127.0.0.1:9023"})
    assert (found.place["endpoint_url"], found.login) == ("http://127.0.0.1:9023", {"anonymous": True})


@pytest.mark.parametrize(
    "address",
    [
        "/tmp/x", "exports", "s3:/x", "s3://", "s3:///x", "ftp://h/x", "", "gs://", "az://@acme.blob.core.windows.net",
        "az://x@", "abfss://x/p", "abfss://x@host", "sftp://", "sftp://h:99999/x", "s3://a@b/c", "sftp://a b/c",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="no address"):
        open_address(address, {})


def test_a_container_alone_needs_its_account():
    with pytest.raises(ValueError, match="the account is missing"):
        open_address("az://exports/p", {})


@pytest.mark.parametrize(
    "address",
    [
        f"sftp://audit:{SECRET}@h/x",
        f"s3://AKIA:{SECRET}@bucket/x",
        f"az://x@acme.blob.core.windows.net/p?sv=2024&sig={SECRET}",
        f"s3://bucket/p?X-Amz-Signature={SECRET}",
        f"ftp://me:{SECRET}@h/x",
        f"https://acme.blob.core.windows.net/x?{SECRET}",
        f"https://{SECRET}@acme.blob.core.windows.net/x",
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(address):
    with pytest.raises(ValueError) as caught:
        open_address(address, {})
    assert SECRET not in f"{caught.value!s}{caught.value!r}"
    assert SECRET not in shown_address(address)
