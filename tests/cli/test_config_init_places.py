"""What `config init` writes for each kind of place: the right type and keys, and nothing secret."""

import pickle

import pytest

from auditor.cli.config_init_places import SourceError, configured_source, source_of
from tests.settings.configs import destination

SECRET = "hunter2hunter2"
FINGERPRINT = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
ENTRY = f"experience_platform:\n  prod: {{org_id: A@AdobeOrg, sandbox: prod, client_id: c, client_secret: {SECRET}}}\n"

ADDRESSES = [  # address, place, start, top
    ("gs://acme-exports/aep/", {"type": "gcs", "bucket": "acme-exports"}, "aep", ""),
    (
        "az://exports@acme.blob.core.windows.net/aep",
        {"type": "azure-blob", "container": "exports", "account_url": "https://acme.blob.core.windows.net"},
        "aep",
        "",
    ),
    (
        "abfss://exports@acme.dfs.core.windows.net/a/b",
        {"type": "adls-gen2", "file_system": "exports", "account_url": "https://acme.dfs.core.windows.net"},
        "a/b",
        "",
    ),
    (
        "sftp://audit@h.example.com:2222/data/aep",
        {
            "type": "sftp",
            "host": "h.example.com",
            "port": "2222",
            "username": "audit",
            "known_hosts_file": "~/.ssh/known_hosts",
        },
        "data/aep",
        "/",
    ),
    (
        "sftp://audit@h.example.com/~/aep",
        {
            "type": "sftp",
            "host": "h.example.com",
            "port": "22",
            "username": "audit",
            "known_hosts_file": "~/.ssh/known_hosts",
        },
        "aep",
        "",
    ),
]


@pytest.mark.parametrize("address, place, start, top", ADDRESSES, ids=[case[0] for case in ADDRESSES])
def test_an_address_becomes_the_keys_that_open_it(address, place, start, top, monkeypatch):
    for name in ("AZURE_STORAGE_ACCOUNT", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    found = source_of(address, {}, None)
    assert (dict(found.place), found.start, found.top) == (place, start, top)
    assert pickle.loads(pickle.dumps(found.open_adapter)).type == place["type"]


def test_the_key_that_opens_an_account_is_not_written(monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "acme")
    monkeypatch.setenv("AZURE_STORAGE_KEY", SECRET)
    found = source_of("az://exports/aep", {}, None)
    assert found.place == {
        "type": "azure-blob",
        "container": "exports",
        "account_url": "https://acme.blob.core.windows.net",
    }
    assert SECRET not in repr(found)


WRONG = [  # address, options, what is said
    ("gs://acme", {"region": "x"}, "--region means nothing for gcs"),
    ("sftp://h/x", {"profile": "x"}, "--profile means nothing for sftp"),
    ("gs://A_B", {}, "is no bucket name"),
    ("az://Ex@acme.blob.core.windows.net", {}, "is no container name"),
    ("az://x11@acme.dfs.core.windows.net", {}, "is the dfs address of the account"),
    (f"sftp://u:{SECRET}@h/x", {}, "holds a password"),
    (f"az://c@acme.blob.core.windows.net/x?sig={SECRET}", {}, "holds a password or a signature"),
]


@pytest.mark.parametrize("address, options, said", WRONG, ids=[case[2] for case in WRONG])
def test_what_cannot_be_looked_at_is_said_without_secrets(address, options, said):
    with pytest.raises(SourceError, match=said) as caught:
        source_of(address, options, None)
    assert SECRET not in str(caught.value)


CONFIGURED = [  # told, lines, text in front, keys written, start, top, what is asked
    (
        "a connection string is an account",
        ("type: azure-blob", "container: exports", f"connection_string: AccountName=acme;AccountKey={SECRET}"),
        "",
        {"type": "azure-blob", "container": "exports", "account_url": "https://acme.blob.core.windows.net"},
        ("", "", ()),
    ),
    (
        "a login without its secret is none",
        (
            "type: adls-gen2", "file_system: exports", "account_url: https://acme.dfs.core.windows.net",
            "tenant_id: t", "client_id: c", f"client_secret: {SECRET}",
        ),
        "",
        {"type": "adls-gen2", "file_system": "exports", "account_url": "https://acme.dfs.core.windows.net"},
        ("", "", ()),
    ),
    (
        "an absolute folder stays one",
        (
            "type: sftp", "host: h", "username: u", "folder: /data", f"password: {SECRET}",
            f"host_key_fingerprint: '{FINGERPRINT}'",
        ),
        "",
        {"type": "sftp", "host": "h", "username": "u", "host_key_fingerprint": FINGERPRINT},
        ("data", "/", ()),
    ),
    (
        "a signed address is asked for",
        ("type: data-landing-zone", f"sas_uri: https://a.blob.core.windows.net/dlz?sig={SECRET}"),
        "",
        {"type": "data-landing-zone", "sas_uri": "${AUDIT_DLZ_SAS_URI}"},
        ("", "", ("AUDIT_DLZ_SAS_URI",)),
    ),
    (
        "a sandbox comes along",
        ("type: data-landing-zone", "experience_platform: prod"),
        ENTRY,
        {"type": "data-landing-zone", "experience_platform": "prod"},
        ("", "", ("AUDIT_AEP_SECRET",)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("told, lines, front, keys, rest", CONFIGURED, ids=[case[0] for case in CONFIGURED])
def test_a_configured_destination_is_written_without_what_is_secret(told, lines, front, keys, rest, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(front + destination(*lines))
    found = configured_source(path, "d")
    assert (dict(found.place), (found.start, found.top, found.asked)) == (keys, rest)
    assert SECRET not in f"{found!r}{found.place}{found.beside}"
    assert ("experience_platform:" in found.beside) == bool(front)
