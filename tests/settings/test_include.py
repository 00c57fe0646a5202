"""Several files, one configuration; each mistake is told with the file it is in."""

import pytest

from auditor.settings import ConfigError, load_config
from tests.settings.configs import DATASET, DESTINATIONS, OTHER, SCHEDULE, flow


def team(name: str, dataset: str = DATASET, more: str = "") -> str:
    return f"flows:\n  {name}:\n    destination: d\n    {SCHEDULE}\n    datasets: [{dataset}]\n{more}"


def write(home, **files: str):
    for name, text in files.items():
        path = home / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return home / "main.yaml"


def mistakes(home, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(write(home, **files), {})
    return str(caught.value).replace(f"{home}/", "").splitlines()


MAIN = "include: teams/*.yaml\n" + DESTINATIONS


def test_flows_destinations_and_waivers_come_from_all_files(tmp_path):
    waiver = "waivers: [{match: {code: export-late}, reason: r, by: b, until: 2026-12-31}]\n"
    place = "destinations:\n  e: {type: local, root: ./here}\n"
    config = load_config(write(tmp_path, main=MAIN, teams__a=team("f", more=place), teams__b=team("g", OTHER, waiver)))
    assert (list(config.flows), list(config.destinations)) == (["f", "g"], ["d", "e"])
    assert [waiver.place for waiver in config.waivers] == [f"{tmp_path}/teams/b.yaml line 6"]
    assert config.destinations["e"].options["root"] == str(tmp_path / "teams" / "here"), "relative to its own file"
    assert config.destinations["d"].options["root"] == str(tmp_path / "exports")


def test_the_hash_covers_every_file_and_not_where_they_lie(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    one = load_config(write(tmp_path / "x", main=MAIN, teams__a=team("f"))).hash
    assert load_config(write(tmp_path / "y", main=MAIN, teams__a=team("f"))).hash == one
    assert load_config(write(tmp_path / "y", main=MAIN, teams__a=team("f") + "# x\n")).hash != one


def test_a_mistake_is_told_in_its_own_file(tmp_path):
    broken = team("g", OTHER).replace("destination: d", "destinaton: d")
    told = mistakes(tmp_path, main=MAIN + "colour: red\n", teams__a=team("f"), teams__b=broken)
    assert told == [
        (
            "main.yaml:4:1: colour: is no key here; known are: include, ledger, ledger_file, defaults, "
            "experience_platform, destinations, flows, exports, waivers, alerts, service, retention"
        ),
        "teams/b.yaml:2:3: flows.g.destination: is missing; add it, as in destination: lake-backup",
        'teams/b.yaml:3:5: flows.g.destinaton: is no key here. Did you mean "destination"?',
    ]


def test_yaml_that_cannot_be_read_is_told_in_its_own_file(tmp_path):
    assert mistakes(tmp_path, main=MAIN, teams__a=team("f"), teams__b="flows:\n\tg: 1\n") == [
        "teams/b.yaml:2:1: a tab cannot indent YAML; write spaces"
    ]


@pytest.mark.parametrize("everything", ["{}", "{destination: '?*', code: '*'}"])
def test_a_waiver_is_counted_as_in_its_file(tmp_path, everything):
    own = "waivers: [{match: {code: export-late}, reason: r, by: b, until: 2026-12-31}]\n"
    bad = f"waivers: [{{match: {everything}, reason: r, by: b, until: 2026-12-31}}]\n"
    assert mistakes(tmp_path, main=MAIN + own, teams__a=team("f", more=bad)) == [
        (
            "teams/a.yaml:6:19: waivers[0].match: fits every finding there is; write which, as in "
            "{flow: web-3h, code: export-missing}"
        )
    ]


def test_a_name_that_two_files_give_is_told_with_both_places(tmp_path):
    assert mistakes(tmp_path, main=MAIN, teams__a=team("f"), teams__b=team("f", OTHER)) == [
        (
            "teams/b.yaml:2:3: flows.f: is given twice, by teams/a.yaml line 2 and by "
            "teams/b.yaml line 2; keep one of them"
        )
    ]
    again = mistakes(tmp_path, main="include: teams/a.yaml\n" + flow(), teams__a=team("f", OTHER))
    assert again == [
        (
            "teams/a.yaml:2:3: flows.f: is given twice, by line 5 of the configuration and by teams/a.yaml line 2; "
            "keep one of them"
        )
    ]


@pytest.mark.parametrize(
    "told, files, message",
    [
        (
            "a pattern that fits nothing",
            {"main": "include: team/*.yaml\n" + flow()},
            ('main.yaml:1:10: include: "team/*.yaml" fits no file below {home}; correct it, or remove it until there '
            "is one"),
        ),
        (
            "a file that is not there",
            {"main": "include: [a.yaml]\n" + flow()},
            ('main.yaml:1:11: include[0]: "a.yaml" is not there below {home}; correct it, or remove it until there is '
            "one"),
        ),
        (
            "itself",
            {"main": 'include: "*.yaml"\n' + flow()},
            'main.yaml:1:10: include: "main.yaml" is this file; name only others',
        ),
        (
            "a circle",
            {"main": "include: teams/a.yaml\n" + flow(), "teams__a": "include: ../main.yaml\n"},
            ('teams/a.yaml:1:10: include: "teams/../main.yaml" is included by itself, on the way over this file; '
            "remove it from one of them"),
        ),
        (
            "twice",
            {"main": "include: [teams/a.yaml, teams/*.yaml]\n" + DESTINATIONS, "teams__a": team("f")},
            'main.yaml:1:25: include[1]: "teams/a.yaml" is included twice, first by main.yaml line 1; keep one of them',
        ),
        (
            "what belongs on top",
            {"main": MAIN, "teams__a": "defaults: {grace: 1h}\n" + team("f")},
            ("teams/a.yaml:1:1: defaults: belongs in the configuration itself, not in a file that it includes; "
            "move it there"),
        ),
        (
            "a list for a file",
            {"main": MAIN, "teams__a": "- 1\n"},
            "teams/a.yaml:1:1: a mapping belongs here, with some of the keys include, destinations, flows, waivers",
        ),
        ("no file at all", {"main": "include: {a: b}\n" + flow()},
         ("main.yaml:1:10: include: names no file; write a file "
         "or a pattern of names, as in include: teams/*.yaml")),
    ],
)  # fmt: skip
def test_a_mistake_of_including(told, files, message, tmp_path):
    lines = [line.replace(f"{tmp_path}/", "") for line in mistakes(tmp_path, **files)]
    assert message.replace("{home}", str(tmp_path)) in lines, lines


def test_an_empty_file_says_nothing(tmp_path):
    assert load_config(write(tmp_path, main=MAIN, teams__a=team("f"), teams__b="# later\n")).flows.keys() == {"f"}
