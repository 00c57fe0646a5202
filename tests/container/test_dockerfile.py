"""What can be said of the image without an engine. What an engine would add is in docs/container.md."""

import json
import re
import tomllib

import pytest

from auditor.settings.service import ServiceSettings
from tests.container.dockerfile import TOP, Instruction, parse_dockerfile, read_dockerfile

ALL = read_dockerfile()
LAST = max(instruction.stage for instruction in ALL)
IMAGE = [instruction for instruction in ALL if instruction.stage == LAST]
STATE = "/var/lib/export-auditor"
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def of(word: str, among: list[Instruction] = ALL) -> list[str]:
    return [instruction.text for instruction in among if instruction.word == word]


def locked(name: str) -> dict[str, str]:
    return dict(PINNED.findall((TOP / "requirements" / name).read_text("utf-8")))


def test_every_stage_stands_on_the_one_base_and_the_base_has_more_than_a_moving_tag_for_a_name():
    assert of("FROM") == ["${BASE} AS build", "${BASE}"]
    [base, *again] = of("ARG")[:2]
    assert re.fullmatch(r"BASE=[a-z]+:\d+\.\d+-slim-[a-z]+", base)
    assert "BASE" in again  # else the label would be empty


def test_the_process_is_a_user_by_number_who_owns_the_one_volume():
    assert of("USER", IMAGE) == ["10001:10001"]
    assert [i.listed for i in IMAGE if i.word == "VOLUME"] == [[STATE]]
    assert of("WORKDIR", IMAGE) == [STATE]
    assert f"HOME={STATE}" in of("ENV", IMAGE)[0].split()
    assert f"install --directory --owner=10001 --group=10001 --mode=0750 {STATE}" in " ".join(of("RUN", IMAGE))
    words = [instruction.word for instruction in IMAGE]
    assert "RUN" not in words[words.index("USER") :]
    assert "COPY" not in words[words.index("VOLUME") :]


def test_the_first_process_is_an_init_that_starts_the_command_without_a_shell():
    [entry] = [i.listed for i in IMAGE if i.word == "ENTRYPOINT"]
    assert entry == ["/usr/bin/tini", "-s", "--", "export-auditor"]
    assert "--from=build /usr/bin/tini /usr/bin/tini" in of("COPY", IMAGE)
    assert [i.listed for i in IMAGE if i.word == "CMD"] == [["serve", "--config", "/config/auditor.yaml"]]


def test_it_stops_on_the_signal_that_the_service_ends_in_order_on():
    assert of("STOPSIGNAL", IMAGE) == ["SIGTERM"]


def test_the_port_is_that_where_the_service_listens_unless_told_otherwise():
    assert of("EXPOSE", IMAGE) == [str(ServiceSettings().port)]


def test_the_health_check_runs_by_python_without_a_shell_and_waits_for_migrations():
    [check] = of("HEALTHCHECK", IMAGE)
    options, _, command = check.partition(" CMD ")
    assert dict(option.split("=") for option in options.split()) == {
        "--interval": "30s", "--timeout": "10s", "--start-period": "10m", "--retries": "3",
    }  # fmt: skip
    python, alone, script = json.loads(command)
    assert (python, alone) == ("/opt/export-auditor/bin/python", "-I")
    [copied] = [text for text in of("COPY") if "healthcheck.py" in text]
    source, target = copied.split()
    assert f"{target}{source.rpartition('/')[2]}" == script


def test_the_labels_say_what_it_is_and_which_version():
    version = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"VERSION={version}" in of("ARG", IMAGE)
    labels = dict(re.findall(r'([\w.]+)="([^"]*)"', of("LABEL")[0]))
    assert {name.rpartition(".")[2] for name in labels} == {
        "title", "description", "version", "revision", "name", "licenses",
    }  # fmt: skip
    assert all(name.startswith("org.opencontainers.image.") and value for name, value in labels.items())


def test_nothing_is_installed_but_by_hash_or_from_what_was_copied_in():
    calls = [
        call for run in of("RUN") for call in re.findall(r"pip (?:--python \S+ )?(?:install|wheel).*?(?=&&|$)", run)
    ]
    assert len(calls) == 4
    for call in calls:
        assert ("--require-hashes" in call) != (
            "--no-deps" in call and re.search(r"--no-index|--no-build-isolation", call) is not None
        )
    named = {name for call in calls for name in re.findall(r"--requirement requirements/(\S+)", call)}
    assert named == {"build.txt", "runtime.txt", "postgresql.txt"}


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt", "postgresql.txt"])
def test_every_requirement_of_the_image_has_its_hash_and_no_address(name):
    text = (TOP / "requirements" / name).read_text("utf-8")
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert len(entries) == len(locked(name)) > 1
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_the_locks_of_the_image_agree_with_those_of_the_tests():
    tested = locked("development.txt")
    for name in ("runtime.txt", "postgresql.txt"):
        assert {package: version for package, version in locked(name).items() if tested.get(package) != version} == {}


def test_the_build_requirement_is_the_one_that_is_locked():
    wanted = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert [re.split(r"[>=<]", entry)[0] for entry in wanted] == ["hatchling"]
    assert "hatchling" in locked("build.txt")


def test_what_is_copied_in_reaches_the_builder_and_nothing_else_does():
    lines = (TOP / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for text in of("COPY") if "--from" not in text for name in text.split()[:-1]}
    assert copied == let_in
    assert all((TOP / name).exists() for name in copied)


def test_no_secret_has_a_place_in_the_image():
    named = " ".join([*of("ARG"), *of("ENV"), *of("LABEL")])
    assert not re.search(r"(?i)password|secret|token|api_?key|credential", named)


@pytest.mark.parametrize("bad", ['SHELL ["a"]', "ADD https://a.example/x /x", "MAINTAINER a", "run x"])
def test_an_instruction_that_has_no_business_here_would_be_found(bad):
    with pytest.raises(ValueError, match=bad.split()[0]):
        parse_dockerfile(f"FROM a\n{bad}\n")


def test_a_form_that_a_shell_would_read_would_be_found():
    with pytest.raises(ValueError):
        _ = parse_dockerfile("FROM a\nENTRYPOINT export-auditor\n")[1].listed
