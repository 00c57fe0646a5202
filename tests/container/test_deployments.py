"""The Compose file and the Kubernetes manifests: least rights, and nothing named that is not there."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from auditor.settings import load_config
from tests.container.dockerfile import TOP, read_dockerfile
from tests.docs.pages import find_blocks, read_page
from tests.docs.test_commands import COMMAND

CONFIG = TOP / "config"
MANIFESTS = sorted((CONFIG / "kubernetes").rglob("*.yaml"))
[STATE] = next(i.listed for i in read_dockerfile() if i.word == "VOLUME")


def read(path: Any) -> Any:
    return YAML(typ="safe", pure=True).load(path)


COMPOSE = read(CONFIG / "compose.yaml")
AUDIT = COMPOSE["services"]["audit"]
KINDS = {found["kind"]: found for found in map(read, MANIFESTS)}
JOB = KINDS["CronJob"]["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
[CONTAINER] = POD["containers"]


def can_be_typed(words: list[str]) -> bool:
    with pytest.raises(SystemExit) as end:
        COMMAND.main(words, prog_name="export-auditor")
    return not end.value.code


def test_the_commands_can_be_typed():
    assert can_be_typed(AUDIT["command"])
    assert can_be_typed(CONTAINER["args"])
    assert not can_be_typed(["audit", "--no-such-option"])


def test_compose_gives_the_audit_no_right_and_no_second_try():
    assert AUDIT["read_only"] is True
    assert AUDIT["cap_drop"] == ["ALL"]
    assert AUDIT["security_opt"] == ["no-new-privileges:true"]
    assert AUDIT["restart"] == "no"
    assert AUDIT["profiles"], "`up` would run it and be done"
    assert not any(
        {"ports", "privileged", "network_mode", "pid", "user"} & set(s) for s in COMPOSE["services"].values()
    )


def test_what_compose_names_is_declared_and_what_it_declares_is_used():
    services = COMPOSE["services"].values()
    volumes = [entry.split(":") for service in services for entry in service["volumes"]]
    assert {source for source, *_ in volumes if not source.startswith(".")} == set(COMPOSE["volumes"])
    assert [place for source, place, *_ in volumes if source == "state"] == [STATE]
    assert ["./config", "/config", "ro"] in volumes
    assert {name for service in services for name in service["secrets"]} == set(COMPOSE["secrets"])
    assert {name for service in services for name in service["networks"]} - {"default"} == set(COMPOSE["networks"])
    assert set(AUDIT["depends_on"]) <= set(COMPOSE["services"])
    assert COMPOSE["networks"]["ledger"]["internal"] is True
    assert "healthcheck" in COMPOSE["services"]["ledger"]


def test_compose_holds_no_secret_but_the_places_of_files():
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            assert value.startswith("/run/secrets/") or name in {"POSTGRES_USER", "POSTGRES_DB"}, name
            assert value.removeprefix("/run/secrets/") in {*service["secrets"], "auditor", "ledger"}


def test_the_ledger_of_compose_is_one_that_the_configuration_takes(tmp_path):
    ledgers = [b.text for b in find_blocks(read_page("docs/container.md")) if b.language == "yaml"]
    example = (CONFIG / "s3.example.yaml").read_text("utf-8")
    urls = []
    for n, ledger in enumerate(ledgers):
        (tmp_path / f"{n}.yaml").write_text(f"{ledger}{example}")
        urls.append(load_config(tmp_path / f"{n}.yaml", {}).ledger_url)
    assert urls == [f"sqlite:///{STATE}/export-auditor.db", "postgresql:///ledger?service=ledger"]


def test_kubernetes_gives_the_audit_no_right_and_no_second_try():
    assert POD["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001}.items()
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert (POD["restartPolicy"], JOB["backoffLimit"]) == ("Never", 0)
    assert KINDS["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(POD)
    assert "limits" in CONTAINER["resources"]


def test_what_the_cronjob_mounts_is_there():
    mounts = {mount["name"]: mount for mount in CONTAINER["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    assert set(mounts) == set(volumes)
    assert mounts["state"]["mountPath"] == STATE
    assert {mount["name"] for mount in mounts.values() if mount.get("readOnly")} == {"config", "secrets"}
    named = {
        "ConfigMap": volumes["config"]["configMap"]["name"],
        "Secret": volumes["secrets"]["secret"]["secretName"],
        "PersistentVolumeClaim": volumes["state"]["persistentVolumeClaim"]["claimName"],
    }
    assert {kind: KINDS[kind]["metadata"]["name"] for kind in named} == named
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o440


def test_the_configuration_of_the_example_reads_its_secrets_where_they_are_mounted(tmp_path):
    place = next(m["mountPath"] for m in CONTAINER["volumeMounts"] if m["name"] == "secrets")
    text = KINDS["ConfigMap"]["data"]["auditor.yaml"]
    for name, value in KINDS["Secret"]["stringData"].items():
        assert f"_file: {place}/{name}\n" in text
        assert value == "replace-me"
        (tmp_path / name).write_text(value)
    (tmp_path / "auditor.yaml").write_text(text.replace(place, str(tmp_path)))
    config = load_config(tmp_path / "auditor.yaml", {})
    assert config.warnings == ()
    assert config.ledger_url == f"sqlite:///{STATE}/export-auditor.db"


def test_what_is_only_an_example_is_not_applied_with_the_rest():
    """`kubectl apply -f config/kubernetes/` does not go into folders: it must not replace a real secret."""
    beside = {read(path)["kind"] for path in (CONFIG / "kubernetes").glob("*.yaml")}
    assert beside == {"CronJob", "PersistentVolumeClaim"}


def test_the_image_has_one_version_everywhere():
    version = next(i.text for i in read_dockerfile() if i.text.startswith("VERSION=")).partition("=")[2]
    assert CONTAINER["image"] == f"export-auditor:{version}"
    assert AUDIT["image"].endswith(f":-export-auditor:{version}}}")
    assert f"export-auditor:{version}" in read_page("docs/container.md")
