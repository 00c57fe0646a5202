"""Names and places of what is discovered: readable, unique, stable; and every place is a destination that loads."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Dataset, Schedule
from auditor.propose.discovered import Discovery, arrange
from auditor.propose.discovered_names import choose_names, slug
from auditor.propose.discovered_places import FoundFlow, fits, place_of
from auditor.propose.discovered_writing import Source, render_discovery
from auditor.settings import Config, ConfigError, Problem, load_config

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 10, 1, tzinfo=UTC)
DATASETS = tuple(Dataset(f"5ef3e324052581191aa6a4{n:02d}") for n in range(40))
SOURCE = Source("prod", {"org_id": "5B4C@AdobeOrg", "sandbox": "prod", "client_id": "x", "client_secret": "y"})


def flow(
    number: int, place: TargetPlace, *, name: str = "Web", account: str = "account", **changed: object
) -> FoundFlow:
    version = FlowVersion(
        "prod",
        f"{number:08x}-756c-4159-9e7f-7d3e2f8b501e",
        name,
        "enabled",
        (DATASETS[number],),
        place,
        Schedule(START, None, timedelta(hours=3)),
    )
    return FoundFlow(replace(version, **changed), account)  # type: ignore[arg-type]


def config_of(tmp_path, discovery: Discovery) -> Config:
    path = tmp_path / "c.yaml"
    path.write_text(render_discovery(discovery, [SOURCE]))
    return load_config(path)


PLACES = [  # where, the keys it is written with
    (TargetPlace("s3", "acme", "/a/b/"), ["type: s3", "bucket: acme", "folder: a/b"]),
    (TargetPlace("s3", "acme", ""), ["type: s3", "bucket: acme"]),
    (TargetPlace("s3", "", "a"), ["type: s3", "bucket: todo", "# TODO: the name of the bucket"]),
    (TargetPlace("gcs", "acme", "a"), ["type: gcs", "bucket: acme", "service_account_file"]),
    (TargetPlace("azure-blob", "exports", "a"), ["container: exports", 'account_url: "https://todo.blob.core.windows.net"']),
    (
        TargetPlace("adls-gen2", "exports", "a", "https://acme.dfs.core.windows.net"),
        ["file_system: exports", 'account_url: "https://acme.dfs.core.windows.net"'],
    ),
    (TargetPlace("adls-gen2", "", "a"), ["file_system: todo", "# TODO: account_url"]),
    (TargetPlace("sftp", "", "/srv/x", "SFTP.example.com"), ["host: sftp.example.com", "folder: /srv/x"]),
    (TargetPlace("sftp", "", "x", ""), ["host: todo", "folder: x", "known_hosts_file"]),
    (TargetPlace("data-landing-zone", "", "x"), ["experience_platform: prod", "folder: x"]),
]  # fmt: skip


@pytest.mark.parametrize("place, keys", PLACES, ids=[f"{place.type} {n}" for n, (place, _) in enumerate(PLACES)])
def test_each_type_of_place_is_a_destination_that_loads_and_fits(tmp_path, place, keys):
    found = flow(1, place)
    discovery = arrange([found], now=NOW)
    text = render_discovery(discovery, [SOURCE])
    assert all(key in text for key in keys), text
    (destination,) = config_of(tmp_path, discovery).destinations.values()
    if place.bucket or place.server or place.type == "data-landing-zone":
        assert fits(found, destination)


NOT_THE_SAME = [
    (TargetPlace("s3", "acme", "a"), TargetPlace("s3", "acme", "b")),
    (TargetPlace("s3", "acme", "a"), TargetPlace("s3", "other", "a")),
    (TargetPlace("s3", "acme", "a"), TargetPlace("gcs", "acme", "a")),
    (TargetPlace("sftp", "", "a", "one.example"), TargetPlace("sftp", "", "a", "two.example")),
    (
        TargetPlace("adls-gen2", "exports", "a", "https://one.dfs.core.windows.net"),
        TargetPlace("adls-gen2", "exports", "a", "https://two.dfs.core.windows.net"),
    ),
]


@pytest.mark.parametrize("one, other", NOT_THE_SAME)
def test_another_bucket_folder_server_or_type_is_another_destination(tmp_path, one, other):
    flows = [flow(1, one), flow(2, other, name="Other")]
    config = config_of(tmp_path, arrange(flows, now=NOW))
    assert len(config.destinations) == 2
    assert not any("http" in name for name in config.destinations)
    for found in flows:
        assert sum(fits(found, destination) for destination in config.destinations.values()) == 1


def test_flows_to_one_bucket_and_folder_share_a_destination_whatever_account_they_use(tmp_path):
    place = TargetPlace("s3", "acme", "a")
    flows = [flow(1, place), flow(2, TargetPlace("s3", "acme", "/a/"), name="B", account="x", platform="stage")]
    assert len(arrange(flows, now=NOW).destinations) == 1


def test_containers_of_unknown_accounts_are_one_only_with_the_same_account():
    place = TargetPlace("azure-blob", "exports", "a")
    same = arrange([flow(1, place), flow(2, place, name="B")], now=NOW)
    apart = arrange([flow(1, place), flow(2, place, name="B", account="other")], now=NOW)
    assert (len(same.destinations), len(apart.destinations)) == (1, 2)


def test_the_landing_zones_of_two_sandboxes_are_two():
    place = TargetPlace("data-landing-zone", "", "a")
    assert place_of(flow(1, place)) != place_of(flow(1, place, platform="stage"))


def test_one_folder_is_given_to_one_flow_only():
    place = TargetPlace("s3", "acme", "a")
    first, second = flow(1, place, name="A"), flow(2, place, name="B", datasets=(DATASETS[1], DATASETS[2]))
    discovery = arrange([second, first], now=NOW)
    assert [(one.name, one.datasets) for one in discovery.flows] == [("a", (DATASETS[1],)), ("b", (DATASETS[2],))]
    assert discovery.flows[1].shared == ((DATASETS[1], "a"),)


@pytest.mark.parametrize(
    "text, name",
    [
        ("Web events (3h)", "web-events-3h"),
        ("  WEB__Events//x ", "web-events-x"),
        ("Kundenprofile für Köln", "kundenprofile-für-köln"),
        ("売上", "売上"),
        ("\x1b[2J\u202e", "2j"),
        ("---", ""),
        ("", ""),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_name_is_what_a_person_would_type(text, name):
    assert slug(text) == name


NAMES = st.sampled_from(["Web", "web ", "WEB", "Profiles", "", "Web-00000001"]) | st.text(max_size=12)


@given(st.lists(NAMES, max_size=12), st.randoms(use_true_random=False))
def test_names_are_unique_and_do_not_depend_on_the_order(names: Sequence[str], chance: random.Random):
    place = TargetPlace("s3", "acme", "a")
    flows = [flow(number, place, name=name) for number, name in enumerate(names)]
    shuffled = list(flows)
    chance.shuffle(shuffled)
    first, second = arrange(flows, now=NOW), arrange(shuffled, now=NOW)
    assert first == second
    assert len({one.name for one in first.flows}) == len(flows)


def test_a_name_that_is_taken_is_not_given_again():
    assert choose_names([("a", "a-1"), ("b",)], taken={"a": 1, "b": 2}) == ["a-1", "b-2"]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=20))
def test_whatever_names_hold_the_text_loads_or_the_flow_is_a_comment(tmp_path_factory, name, dataset, folder):
    found = flow(1, TargetPlace("s3", "acme", folder), name=name, datasets=(Dataset(DATASETS[1].id, dataset),))
    scratch = tmp_path_factory.mktemp("text")
    try:
        discovery = arrange([found], now=NOW)
        text = render_discovery(discovery, [SOURCE])
    except ValueError:  # half a surrogate pair
        return
    (scratch / "c.yaml").write_text(text)
    problems = problems_of(scratch / "c.yaml")
    assert all(one.path.startswith(("destinations", "flows")) and "YAML" not in one.message for one in problems)
    if problems:
        return
    config = load_config(scratch / "c.yaml")
    ((_, loaded),) = config.flows.items()
    assert loaded.datasets[0].name == dataset


def problems_of(path: Path) -> Sequence[Problem]:
    try:
        load_config(path)
    except ConfigError as error:
        return error.problems
    return ()
