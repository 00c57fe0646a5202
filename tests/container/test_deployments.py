"""The Compose file and the Kubernetes manifests: least rights, and nothing named that is not there."""

import os
import re
import subprocess
from typing import Any

import pytest
from ruamel.yaml import YAML

from auditor.settings import load_config
from auditor.settings.service import ServiceSettings
from auditor.web.guard import OPEN_PATHS
from tests.container.dockerfile import TOP, read_dockerfile
from tests.docs.pages import find_blocks, read_page
from tests.docs.test_commands import COMMAND
from tests.servers.install import find_promtool

CONFIG = TOP / "config"
MANIFESTS = sorted((CONFIG / "kubernetes").rglob("*.yaml"))
[STATE] = next(i.listed for i in read_dockerfile() if i.word == "VOLUME")


def read(path: Any) -> Any:
    return YAML(typ="safe", pure=True).load(path)


COMPOSE = read(CONFIG / "compose.yaml")
SERVICES = COMPOSE["services"]
OURS = {name: SERVICES[name] for name in ("service", "audit")}
KINDS = {found["kind"]: found for found in map(read, MANIFESTS)}
JOB = KINDS["CronJob"]["spec"]["jobTemplate"]["spec"]
DEPLOYMENT = KINDS["Deployment"]["spec"]
PODS = {"Deployment": DEPLOYMENT["template"]["spec"], "CronJob": JOB["template"]["spec"]}
CONTAINERS = {kind: pod["containers"] for kind, pod in PODS.items()}
[SERVED] = CONTAINERS["Deployment"]
PORT = ServiceSettings().port
GRACE_S = ServiceSettings().grace.total_seconds()
of_ours = pytest.mark.parametrize("name", OURS)
of_pods = pytest.mark.parametrize("kind", PODS)


def can_be_typed(words: list[str]) -> bool:
    with pytest.raises(SystemExit) as end:
        COMMAND.main(words, prog_name="export-auditor")
    return not end.value.code


def test_the_commands_can_be_typed():
    commands = [service["command"] for service in OURS.values()]
    commands += [container["args"] for [container] in CONTAINERS.values()]
    assert [command[0] for command in commands] == ["serve", "audit", "serve", "audit"]
    assert all(can_be_typed(command) for command in commands)
    assert not can_be_typed(["serve", "--no-such-option"])


@of_ours
def test_compose_gives_no_right(name):
    ours = OURS[name]
    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "user"} & set(ours)


def test_compose_starts_the_service_for_ever_and_an_audit_once_when_asked():
    assert OURS["service"]["restart"] == "unless-stopped"
    assert "profiles" not in OURS["service"]
    assert OURS["audit"]["restart"] == "no"
    assert OURS["audit"]["profiles"], "`up` would run it and be done"
    assert OURS["audit"]["healthcheck"] == {"disable": True}
    assert "healthcheck" not in OURS["service"], "the image has one"


def test_everything_else_of_compose_stays_up_and_says_whether_it_is_well():
    others = {name: one for name, one in SERVICES.items() if name not in OURS}
    assert set(others) == {"ledger", "prometheus", "grafana"}
    for other in others.values():
        assert other["restart"] == "unless-stopped"
        assert other["healthcheck"]["test"][0] == "CMD"
        assert "no-new-privileges:true" in other["security_opt"]


def test_nothing_is_published_but_to_this_machine_and_nothing_of_the_ledger():
    published = {name: one.get("ports", []) for name, one in SERVICES.items()}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert [published["ledger"], published["audit"]] == [[], []]
    assert published["service"] == [f"127.0.0.1:{PORT}:{PORT}"]


def test_what_compose_names_is_declared_and_what_it_declares_is_used():
    volumes = [entry.split(":") for service in SERVICES.values() for entry in service["volumes"]]
    assert {source for source, *_ in volumes if not source.startswith(".")} == set(COMPOSE["volumes"])
    assert [place for source, place, *_ in volumes if source == "state"] == [STATE, STATE]
    assert ["./config", "/config", "ro"] in volumes
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(COMPOSE["secrets"])
    named = {name for service in SERVICES.values() for name in service["networks"]}
    assert named - {"default"} == set(COMPOSE["networks"])
    assert {name for service in SERVICES.values() for name in service.get("depends_on", [])} <= set(SERVICES)
    assert COMPOSE["networks"]["ledger"]["internal"] is True


def test_every_file_that_compose_names_is_there_or_made_by_the_guide(tmp_path):
    [script] = [b.text for b in find_blocks(read_page("docs/container.md")) if "openssl rand" in b.text]
    set_up = script.partition("docker compose")[0]
    done = subprocess.run(
        ["sh", "-euc", f"umask 022\n{set_up}"], cwd=tmp_path, env={**os.environ, "CHECKOUT": str(TOP)}, timeout=60
    )
    assert done.returncode == 0
    bound = [entry.split(":")[0] for service in SERVICES.values() for entry in service["volumes"]]
    named = {source for source in bound if source.startswith(".")} | {s["file"] for s in COMPOSE["secrets"].values()}
    assert {name for name in named if not (tmp_path / name).exists()} == set()
    secrets = [tmp_path / secret["file"] for secret in COMPOSE["secrets"].values()]
    assert all(len(secret.read_text()) >= 16 for secret in secrets)
    assert oct((tmp_path / "secrets").stat().st_mode)[-3:] == "700"
    assert {oct(secret.stat().st_mode)[-3:] for secret in secrets} == {"444"}  # each image has another user


def test_compose_holds_no_secret_but_the_places_of_files():
    plain = {"POSTGRES_USER": "auditor", "POSTGRES_DB": "ledger", "GF_LOG_MODE": "console"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if value in ("true", "false") or plain.get(name) == value:
                continue
            assert value.removeprefix("/run/secrets/") in service["secrets"], name


@of_ours
def test_compose_mounts_the_token_that_the_configuration_names(name):
    assert {"ledger-service", "service-token"} <= set(OURS[name]["secrets"])


def test_there_is_time_to_end_in_order():
    assert SERVICES["service"]["stop_grace_period"] == "40s"
    assert PODS["Deployment"]["terminationGracePeriodSeconds"] == 40
    assert GRACE_S + 10 < 40


def test_prometheus_of_compose_scrapes_the_service_with_its_token_and_has_the_rules():
    started, home = SERVICES["prometheus"], CONFIG / "prometheus"
    [file] = [word.partition("=")[2] for word in started["command"] if word.startswith("--config.file=")]
    assert f"./prometheus:{file.rpartition('/')[0]}:ro" in started["volumes"]
    said = read(home / file.rpartition("/")[2])
    assert [(home / rules).exists() for rules in said["rule_files"]] == [True]
    [job] = said["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"service:{PORT}"]}]
    assert job["authorization"]["credentials_file"].removeprefix("/run/secrets/") in started["secrets"]
    assert job["job_name"] == read(home / "prometheus.yml")["scrape_configs"][0]["job_name"]


def test_promtool_accepts_it():
    checked = [find_promtool(), "check", "config", "--syntax-only", CONFIG / "prometheus/compose.yml"]
    done = subprocess.run(list(map(str, checked)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_of_compose_finds_its_data_and_the_dashboard():
    [source] = read(CONFIG / "grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["isDefault"] is True
    assert source["url"] == "http://prometheus:9090"
    [provider] = read(CONFIG / "grafana/provisioning/dashboards/export-auditor.yaml")["providers"]
    place = f"{provider['options']['path']}/export-auditor.json"
    assert f"./grafana/dashboard.json:{place}:ro" in SERVICES["grafana"]["volumes"]
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in SERVICES["grafana"]["volumes"]


def test_the_configurations_of_the_guide_are_taken(tmp_path):
    said = [b.text for b in find_blocks(read_page("docs/container.md")) if b.language == "yaml"]
    example = (CONFIG / "s3.example.yaml").read_text("utf-8")
    (tmp_path / "service-token").write_text("0123456789abcdef")
    found = []
    for n, text in enumerate(said):
        (tmp_path / f"{n}.yaml").write_text(f"{text.replace('/run/secrets', str(tmp_path))}{example}")
        found.append(load_config(tmp_path / f"{n}.yaml", {}))
    assert [one.ledger_url for one in found] == [
        f"sqlite:///{STATE}/export-auditor.db",
        "postgresql:///ledger?service=ledger",
    ]
    assert {(one.service.host, one.service.port) for one in found} == {("0.0.0.0", PORT)}
    assert all(one.service.token_hash for one in found)


@of_pods
def test_kubernetes_gives_no_right(kind):
    pod, [container] = PODS[kind], CONTAINERS[kind]
    assert pod["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001}.items()
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert "limits" in container["resources"]


def test_an_audit_is_tried_once():
    assert (PODS["CronJob"]["restartPolicy"], JOB["backoffLimit"]) == ("Never", 0)
    assert KINDS["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"


def test_of_the_service_the_old_one_ends_before_the_new_one_begins():
    assert DEPLOYMENT["replicas"] == 1
    assert DEPLOYMENT["strategy"] == {"type": "Recreate"}


def test_probes_ask_what_needs_no_token_and_only_that_of_readiness_asks_for_the_work():
    paths = {name: SERVED[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert set(paths.values()) == set(OPEN_PATHS)
    assert {SERVED[name]["httpGet"]["port"] for name in paths} == {"http"}
    assert SERVED["ports"] == [{"name": "http", "containerPort": PORT}]
    start = SERVED["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 600, "the ledger may be migrated for minutes"


def test_the_service_of_kubernetes_and_its_monitor_select_the_pod_and_not_that_of_an_audit():
    service, monitor = KINDS["Service"], KINDS["ServiceMonitor"]
    labels = DEPLOYMENT["template"]["metadata"]["labels"]
    selector = service["spec"]["selector"]
    assert selector == DEPLOYMENT["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert not selector.items() <= JOB["template"]["metadata"]["labels"].items()
    [port] = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (PORT, "http")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["port"] == port["name"]
    secret = endpoint["authorization"]["credentials"]
    assert (secret["name"], secret["key"] in KINDS["Secret"]["stringData"]) == ("export-auditor", True)


@of_pods
def test_what_is_mounted_is_there(kind):
    [container] = CONTAINERS[kind]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in PODS[kind]["volumes"]}
    assert set(mounts) == set(volumes)
    assert mounts["state"]["mountPath"] == STATE
    assert {mount["name"] for mount in mounts.values() if mount.get("readOnly")} == {"config", "secrets"}
    assert not any("subPath" in mount for mount in mounts.values()), "it would not be seen to change"
    named = {
        "ConfigMap": volumes["config"]["configMap"]["name"],
        "Secret": volumes["secrets"]["secret"]["secretName"],
        "PersistentVolumeClaim": volumes["state"]["persistentVolumeClaim"]["claimName"],
    }
    assert {name: KINDS[name]["metadata"]["name"] for name in named} == named
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o440


def test_the_configuration_of_the_example_reads_its_secrets_where_they_are_mounted(tmp_path):
    place = next(m["mountPath"] for m in SERVED["volumeMounts"] if m["name"] == "secrets")
    text = KINDS["ConfigMap"]["data"]["auditor.yaml"]
    for name, value in KINDS["Secret"]["stringData"].items():
        assert re.search(rf"_file: {place}/{name}\b", text)
        assert "replace" in value
        (tmp_path / name).write_text(value)
    (tmp_path / "auditor.yaml").write_text(text.replace(place, str(tmp_path)))
    config = load_config(tmp_path / "auditor.yaml", {})
    assert config.warnings == ()
    assert config.alerts.nobody_told == ""
    assert (config.service.host, config.service.port) == ("0.0.0.0", PORT)
    assert config.ledger_url == f"sqlite:///{STATE}/export-auditor.db"


def test_what_is_only_an_example_or_another_way_is_not_applied_with_the_rest():
    """`kubectl apply -f config/kubernetes/` does not go into folders: it must not replace a real secret."""
    beside = {read(path)["kind"] for path in (CONFIG / "kubernetes").glob("*.yaml")}
    assert beside == {"Deployment", "Service", "PersistentVolumeClaim"}


def test_the_image_has_one_version_everywhere():
    version = next(i.text for i in read_dockerfile() if i.text.startswith("VERSION=")).partition("=")[2]
    assert {container["image"] for [container] in CONTAINERS.values()} == {f"export-auditor:{version}"}
    assert all(service["image"].endswith(f":-export-auditor:{version}}}") for service in OURS.values())
    assert f"export-auditor:{version}" in read_page("docs/container.md")
