"""The configuration that comes with a world, against the documented keys."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from ruamel.yaml import YAML

from auditor.worlds import WorldDataset, make_demo, render_config
from tests.worlds.small import DAILY, WEB, at, small_world

FLOW_KEYS = {"destination", "format", "compression", "manifest", "mode", "schedule", "folder_template", "datasets"}


def load(text):
    return YAML(typ="safe").load(text)


def test_a_local_world_has_the_documented_keys():
    told = load(render_config(small_world()))
    assert told.keys() == {"destinations", "flows"}
    assert told["destinations"] == {"lake-backup": {"type": "local", "root": "./exports", "folder": "backups"}}
    assert told["flows"].keys() == {"web-3h", "profiles-daily"}
    for flow in told["flows"].values():
        assert flow.keys() <= FLOW_KEYS
        assert flow["destination"] == "lake-backup"
    web = told["flows"]["web-3h"]
    assert (web["format"], web["compression"], web["manifest"], web["mode"]) == ("json", "gzip", True, "incremental")
    assert web["schedule"].keys() == {"every", "start"}
    assert web["datasets"][0] == {"id": "5ef3e324052581191aa6a466", "name": "Web events"}


def test_another_place_and_ledger_are_parameters():
    place = {"type": "s3", "bucket": "exports", "endpoint_url": "http://127.0.0.1:8333", "access_key_id": "key"}
    told = load(render_config(small_world(folder=""), place=place, ledger="sqlite:///x.db"))
    assert told["ledger"] == "sqlite:///x.db"
    assert told["destinations"]["lake-backup"] == {**place, "folder": ""}


def test_schedules_are_written_as_a_person_would():
    ended = replace(WEB, end=at(3), exceptions=(date(2026, 10, 2),))
    once = replace(DAILY, name="once", every=None, mode="once")
    text = render_config(small_world(ended, DAILY, once, replace(WEB, name="odd", every=timedelta(minutes=90))))
    assert "{every: 3h, start: 2026-10-01T00:00:00Z, end: 2026-10-03T00:00:00Z, except: [2026-10-02]}" in text
    assert "{every: 1d, start: 2026-10-01T02:30:00Z}" in text
    assert "{once: true, start: 2026-10-01T02:30:00Z}" in text
    assert "{every: 90m, start: 2026-10-01T00:00:00Z}" in text


NAMES = [
    *("yes", "1e10", "123456789012345678901234", "a: b", "- x", "#no", "it's", "größe", "", "null", "~", "a #b", '"'),
    *("{x}", "0x10", "2026-10-01", "a,b", "[a", "a}", "C:\\x", "*a", "&b", "!c", "%D", "@e", "a:", "y", "n b", ".5"),
    *(".inf", "./a", "../a", "a\nb", "\x1b[2J", "NULL"),
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_back_as_the_same_text(name):
    dataset = WorldDataset(name, name)
    text = render_config(replace(small_world(replace(WEB, name=name or "x", datasets=(dataset,))), folder=name))
    told = load(text)
    assert told["flows"][name or "x"]["datasets"] == [{"id": name, "name": name}]
    assert told["destinations"]["lake-backup"]["folder"] == name


@pytest.mark.parametrize(
    "dataset", ["1234567890123456789e1234", "612345678901234567890123", "000000000000000000000001"]
)
def test_ids_that_look_like_numbers_are_text(dataset):
    told = load(render_config(small_world(replace(WEB, datasets=(WorldDataset(dataset, "n"),)))))
    assert told["flows"]["web-3h"]["datasets"][0]["id"] == dataset


def test_a_template_is_written_only_where_it_is_not_the_default():
    assert "folder_template" not in render_config(make_demo())
    told = load(render_config(small_world(replace(WEB, template="%DATASET_NAME%/%EXPORT_TIME%"))))
    assert told["flows"]["web-3h"]["folder_template"] == "%DATASET_NAME%/%EXPORT_TIME%"
