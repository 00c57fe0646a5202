"""The six types of destination: what is understood, and that settings and adapters mean the same keys."""

import inspect
from datetime import timedelta
from importlib import import_module

import pytest

from adapters import registry
from auditor.settings import ConfigError
from auditor.settings.destination_models import DESTINATION_TYPES
from auditor.settings.secret_keys import secrets_of
from tests.settings.configs import destination, mistakes, read

SECRET = "aHVudGVyMmh1bnRlcjI="
FINGERPRINT = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
BLOB = ("type: azure-blob", "container: exports", "account_url: https://acme.blob.core.windows.net")
LAKE = ("type: adls-gen2", "file_system: exports", "account_url: https://acme.dfs.core.windows.net")
GCS = ("type: gcs", "bucket: acme-exports")
SFTP = ("type: sftp", "host: h.example.com", "username: audit", f"host_key_fingerprint: '{FINGERPRINT}'")
ZONE = ("type: data-landing-zone", "experience_platform: prod")
SIGNED = f"https://acme.blob.core.windows.net/dlz-destination?sv=2024-11-04&sig={SECRET}"
ENTRY = (
    f"experience_platform:\n  prod: {{org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: abc, client_secret: {SECRET}}}\n"
)


def test_each_type_that_can_be_configured_can_be_opened_and_the_other_way_round():
    assert sorted(DESTINATION_TYPES) == sorted(registry.TYPES)


@pytest.mark.parametrize("name", DESTINATION_TYPES)
def test_the_keys_of_a_type_are_the_arguments_of_its_adapter(name):
    known = registry._BY_NAME[name]
    build = getattr(import_module(known.module), known.name)
    arguments = inspect.signature(build).parameters.keys() - {"name"}
    model = DESTINATION_TYPES[name]
    aside = {"type", "folder", "retain", "arrival", "severity", "ignore", "expires"}
    aside |= {f"{one}_file" for one in secrets_of(model)}
    everywhere = {"concurrency", "page_size", "timeout"}
    derived = {"root"} if name == "sftp" else set()  # from the slash in front of its folder
    assert set(model.model_fields) - aside - everywhere == arguments - everywhere - derived


UNDERSTOOD = [  # told, lines, options, place, folder
    ("chain", BLOB, {"container": "exports", "account_url": "https://acme.blob.core.windows.net"},
     "https://acme.blob.core.windows.net/exports", ""),
    ("account key", (*BLOB, "account_key: ${KEY}", "folder: a/b"),
     {"container": "exports", "account_url": "https://acme.blob.core.windows.net", "account_key": SECRET},
     "https://acme.blob.core.windows.net/exports", "a/b"),
    ("connection string", (*BLOB[:2], f"connection_string: AccountName=acme;AccountKey={SECRET}"),
     {"container": "exports", "connection_string": f"AccountName=acme;AccountKey={SECRET}"},
     "https://acme.blob.core.windows.net/exports", ""),
    ("emulator", (*BLOB[:2], f"connection_string: UseDevelopmentStorage=true;x={SECRET}"),
     {"container": "exports", "connection_string": f"UseDevelopmentStorage=true;x={SECRET}"},
     "http://127.0.0.1:10000/devstoreaccount1/exports", ""),
    ("managed identity", (*LAKE, "client_id: 007"),
     {"file_system": "exports", "account_url": "https://acme.dfs.core.windows.net", "client_id": "007"},
     "https://acme.dfs.core.windows.net/exports", ""),
    ("service principal", (*LAKE, "client_id: c", "tenant_id: t", "client_secret_file: s", "timeout: 5s"),
     {"file_system": "exports", "account_url": "https://acme.dfs.core.windows.net", "client_id": "c",
      "tenant_id": "t", "client_secret": SECRET, "timeout": 5.0},
     "https://acme.dfs.core.windows.net/exports", ""),
    ("service account", (*GCS, "service_account_file: keys/gcs.json", "page_size: 7"),
     {"bucket": "acme-exports", "service_account_file": "{0}/keys/gcs.json", "page_size": 7}, "gs://acme-exports", ""),
    ("HMAC key", (*GCS, "hmac_access_id: GOOG1", "hmac_secret_file: s"),
     {"bucket": "acme-exports", "hmac_access_id": "GOOG1", "hmac_secret": SECRET}, "gs://acme-exports", ""),
    ("anonymous", (*GCS, "anonymous: yes", "endpoint_url: http://127.0.0.1:1"),
     {"bucket": "acme-exports", "anonymous": True, "endpoint_url": "http://127.0.0.1:1"},
     "gs://acme-exports at http://127.0.0.1:1", ""),
    ("folder from the login", (*SFTP, "folder: data/x"),
     {"host": "h.example.com", "username": "audit", "host_key_fingerprint": FINGERPRINT},
     "sftp://audit@h.example.com:22/~", "data/x"),
    ("folder from the top", (*SFTP[:3], "known_hosts_file: hosts", "folder: /data/x", "port: 2222", "password_file: s"),
     {"host": "h.example.com", "username": "audit", "known_hosts_file": "{0}/hosts", "root": "/", "port": 2222,
      "password": SECRET}, "sftp://audit@h.example.com:2222", "data/x"),
    ("the top itself", (*SFTP, "folder: /", "private_key_file: k", "passphrase_file: s"),
     {"host": "h.example.com", "username": "audit", "host_key_fingerprint": FINGERPRINT, "root": "/",
      "private_key_file": "{0}/k", "passphrase": SECRET}, "sftp://audit@h.example.com:22", ""),
    ("signed address", ("type: data-landing-zone", "sas_uri: ${URI}"), {"sas_uri": SIGNED},
     "https://acme.blob.core.windows.net/dlz-destination", ""),
]  # fmt: skip


@pytest.mark.parametrize("told, lines, options, place, folder", UNDERSTOOD, ids=[case[0] for case in UNDERSTOOD])
def test_what_is_given_reaches_the_adapter_and_nothing_secret_is_shown(told, lines, options, place, folder, tmp_path):
    (tmp_path / "s").write_text(SECRET + "\n")
    found = read(tmp_path, destination(*lines), {"KEY": SECRET, "URI": SIGNED}).destinations["d"]
    expected = {key: value.format(tmp_path) if isinstance(value, str) else value for key, value in options.items()}
    assert (dict(found.options), found.place, found.facts.folder) == (expected, place, folder)
    assert SECRET not in f"{found!r}{found.place}"
    registry.open_destination("d", found.type, found.options).close()


def test_a_landing_zone_keeps_exports_for_seven_days_unless_told(tmp_path):
    assert read(tmp_path, ENTRY + destination(*ZONE)).destinations["d"].facts.retain == timedelta(days=7)
    assert read(tmp_path, ENTRY + destination(*ZONE, "retain: 3d")).destinations["d"].facts.retain == timedelta(days=3)


def test_a_landing_zone_gets_the_client_of_its_sandbox(tmp_path):
    config = read(tmp_path, ENTRY + destination(*ZONE))
    options = dict(config.destinations["d"].options["experience_platform"])
    facts = config.experience_platform["prod"]
    assert options == {"name": "prod", **facts.options}
    assert (facts.org_id, facts.sandbox, facts.discover, facts.allow_write) == ("5B4C@AdobeOrg", "prod", False, False)
    assert options["client_secret"] == SECRET
    assert SECRET not in f"{config!r}{facts!r}"
    registry.open_destination("d", "data-landing-zone", config.destinations["d"].options).close()


def test_scopes_are_a_list_or_the_line_of_the_developer_console(tmp_path):
    for given in ("[openid, AdobeID]", "'openid,AdobeID'", "openid AdobeID"):
        text = ENTRY.replace("client_id", f"scopes: {given}, client_id") + destination(*ZONE)
        assert read(tmp_path, text).experience_platform["prod"].options["scopes"] == ["openid", "AdobeID"]


def test_a_sandbox_that_nobody_asks_is_checked_all_the_same(tmp_path):
    text = ENTRY.replace("5B4C@AdobeOrg", "5B4C") + destination("type: local", "root: x")
    assert len(mistakes(tmp_path, text)) == 1


WRONG = [  # told, lines, message
    ("no account", BLOB[:2], "account_url: is missing"),
    ("account twice", (*BLOB, f"connection_string: AccountName=a;AccountKey={SECRET}"), "stands beside connection_str"),
    ("two ways", (*BLOB, f"account_key: {SECRET}", f"sas_token: sig={SECRET}"), "sas_token: stands beside account_key"),
    ("two ways by files", (*BLOB, "account_key_file: s", "client_secret_file: s", "tenant_id: t", "client_id: c"),
     "client_secret_file: stands beside account_key_file; keep one way to log in"),
    ("key and part of a principal", (*BLOB, f"account_key: {SECRET}", "client_id: c"), "client_id: stands beside"),
    ("half a principal", (*LAKE, "tenant_id: t"), "has tenant_id without client_id and client_secret; add them"),
    ("no tenant", (*LAKE, "tenant_id: a b", "client_id: c", "client_secret_file: s"), "is no tenant"),
    ("no key of an account", (*BLOB, "account_key: p*ss"), "is no key of a storage account"),
    ("no signature", (*BLOB, f"sas_token: {SECRET}"), "is no shared access signature"),
    ("a whole address for its signature", (*BLOB, f"sas_token: '{SIGNED}'"), "is a whole address"),
    ("unencrypted", ("type: azure-blob", "container: exports", "account_url: http://acme.blob.core.windows.net"),
     "is not encrypted; write https://acme.blob.core.windows.net"),
    ("a token unencrypted", ("type: azure-blob", "container: exports", "account_url: http://127.0.0.1:1/acme"),
     "a token goes over https only"),
    ("container in the address", (*BLOB[:2], "account_url: https://acme.blob.core.windows.net/exports"), "more than"),
    ("container with a hyphen at its end", (BLOB[0], "container: exports-", BLOB[2]), "is no container name"),
    ("container too short", (BLOB[0], "container: ab", BLOB[2]), "is no container name"),
    ("container too long", (BLOB[0], f"container: {64 * 'a'}", BLOB[2]), "is no container name"),
    ("container too long", (BLOB[0], f"container: {'a' * 64}", BLOB[2]), "is no container name"),
    ("file system with a path", (LAKE[0], "file_system: a11/b", LAKE[2]), "write file_system: a11, and folder: b"),
    ("blob address", (*LAKE[:2], BLOB[2]), "is the blob address"),
    ("half an HMAC key", (*GCS, "hmac_access_id: x"), "has hmac_access_id without hmac_secret; add it"),
    ("anonymous with a key", (*GCS, "anonymous: true", "service_account_file: x"), "anonymous: stands beside"),
    ("bucket in capitals", (GCS[0], "bucket: Acme"), "is no bucket name"),
    ("no host key", SFTP[:3], "names no host key"),
    ("two host keys", (*SFTP, "known_hosts_file: x"), "host_key_fingerprint: stands beside known_hosts_file"),
    ("password and key", (*SFTP, f"password: {SECRET}", "private_key_file: k"), "private_key_file: stands beside"),
    ("passphrase alone", (*SFTP, "passphrase_file: s"), "passphrase_file: stands without private_key_file"),
    ("a short fingerprint", (*SFTP[:3], "host_key_fingerprint: 'SHA256:abc'"), "is no fingerprint"),
    ("host with a port", ("type: sftp", "host: h:22", *SFTP[2:]), "holds the port; write host: h, and port: 22"),
    ("port of nobody", (*SFTP, "port: 0"), "write a whole number from 1 to 65,535"),
    ("folder upwards", (*SFTP, "folder: /a/../b"), '"." and ".." are no folder names'),
    ("slash at its end", (*SFTP, "folder: /a/"), 'has slashes too many; write "/a"'),
    ("no credentials", ZONE[:1], "has neither experience_platform nor sas_uri"),
    ("no signature in the address", (*ZONE[:1], f"sas_uri: https://a.blob.core.windows.net/x?s={SECRET}"), "no sig"),
    ("no container in the address", (*ZONE[:1], f"sas_uri: https://a.blob.core.windows.net?sig={SECRET}"), "container"),
    ("no address", (*ZONE[:1], f"sas_uri: '{SECRET}'"), "is no address"),
    ("unencrypted address", (*ZONE[:1], f"sas_uri: 'http://a.example/c?sig={SECRET}'"), "is not encrypted"),
    ("unknown sandbox", ZONE, '"prod" is no entry of experience_platform'),
    ("key of another type", (*GCS, "container: x"), "container: is no key here"),
]  # fmt: skip


@pytest.mark.parametrize("told, lines, message", WRONG, ids=[case[0] for case in WRONG])
def test_what_cannot_work_gets_one_sentence_and_no_secret(told, lines, message, tmp_path):
    (tmp_path / "s").write_text(SECRET)
    found = mistakes(tmp_path, destination(*lines))
    assert len(found) == 1, found
    assert message in found[0]
    assert SECRET not in found[0]


def every_secret():
    for name, model in DESTINATION_TYPES.items():
        for secret in secrets_of(model):
            yield name, secret


@pytest.mark.parametrize("name, secret", list(every_secret()))
def test_no_secret_shows_whatever_is_wrong_about_it(name, secret, tmp_path):
    for line in (f"{secret}:{SECRET}", f"{secret}: [{SECRET}]", f"{secret}: {{x: {SECRET}}}", f"{secret}s: {SECRET}"):
        with pytest.raises(ConfigError) as caught:
            read(tmp_path, destination(f"type: {name}", line))
        assert SECRET not in f"{caught.value!s}{caught.value!r}{caught.value.problems!r}"
