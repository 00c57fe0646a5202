"""Durations, times, names and ids: what is written is what is read."""

import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from auditor.settings import ConfigError, values
from tests.settings.configs import DESTINATIONS, flow, mistakes, read

IN_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


@given(st.integers(0, 36_500 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_durations_round_trip(span):
    assert values.parse_duration(values.render_duration(span)) == span


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("90s", 90),
        ("10m", 600),
        ("150m", 9000),
        ("6h", 21600),
        ("1d", 86400),
        ("2w", 1209600),
        ("1h30m", 5400),
        ("0s", 0),
    ],
)
def test_durations_as_people_write_them(text, seconds):
    assert values.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "3.5h",
        "1,5h",
        "-1h",
        "h",
        "10M",
        "1h 30m",
        "30m1h",
        "1h1h",
        "٣h",
        "9999999999h",
        "99999w",
        "1e3s",
        " 1h",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"write|longer"):
        values.parse_duration(text)


@given(
    st.integers(946_684_800, 4_102_444_800),
    st.integers(-23 * 60, 23 * 60),
)
@example(1_790_812_800, 120)  # 2026-10-01T02:00:00+02:00, of MemMachine/MemMachine#1558
def test_a_time_with_an_offset_is_the_same_instant_in_utc(seconds, minutes):
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes)))
    read_back = values.parse_instant(moment.isoformat())
    assert read_back == moment
    assert read_back.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T00:00:00Z",
        "2026-10-01T00:00Z",
        "2026-10-01 00:00:00 +00:00",
        "2026-10-01t00:00:00.000z",
        "2026-10-01T02:00:00+02:00",
        "2026-10-01T02:00:00+0200",
        "2026-10-01T02:00:00+02",
        "2026-09-30T20:00:00-04:00",
    ],
)
def test_ways_to_write_one_instant(text):
    assert values.parse_instant(text) == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T24:00:01Z",
        "2026-10-01T00:60:00Z",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "2026-10-01T00:00:00+25:00",
        "1 Oct 2026",
        "20261001T000000Z",
        "now",
    ],
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match="write"):
        values.parse_instant(text)


LOOKS_LIKE_SOMETHING_ELSE = [
    "007", "1e5", "0x1F", "0o17", "1_000", "12:30:45", "2026-12-25",
    "no", "yes", "on", "null", "~", "true", ".inf", ".nan", "=", "3.0",
]  # fmt: skip


@pytest.mark.parametrize("name", LOOKS_LIKE_SOMETHING_ELSE)
def test_names_stay_text_whatever_they_look_like(name, tmp_path):
    text = flow().replace("destinations:\n  d:", f"destinations:\n  {name}:").replace("  f:", f"  {name}:")
    config = read(tmp_path, text.replace("destination: d", f"destination: {name}"))
    assert list(config.destinations) == list(config.flows) == [name]
    assert config.flows[name].destination == config.flows[name].name == name


@IN_A_FOLDER
@given(
    dataset=st.text(string.digits + "e", min_size=24, max_size=24)
    | st.text(string.digits + string.ascii_lowercase, min_size=24, max_size=24)
)
@example(dataset="5e3324052581191e66466000")
@example(dataset="000000000000000000000007")
@example(dataset="1" * 23 + "e")
def test_ids_that_look_like_numbers_stay_text(dataset, tmp_path):
    config = read(tmp_path, flow(datasets=f"[{dataset}]"))
    assert [d.id for d in config.flows["f"].datasets] == [dataset]
    config = read(tmp_path, flow(datasets=f"[{{id: {dataset}, name: {dataset}}}]"))
    assert [d.name for d in config.flows["f"].datasets] == [dataset]


@IN_A_FOLDER
@given(text=st.text(max_size=400) | st.binary(max_size=400) | st.text("{}[]:,&*!|>'\"#%@`- \n\tab1", max_size=200))
@example(text="destinations: {d: {type: s3}}\nflows: {f: {schedule: [3], datasets: {}}}")
@example(text="defaults: {first_run: [x], severity: 3}\n" + DESTINATIONS)
def test_no_text_ends_in_anything_but_a_config_error(text, tmp_path):
    with pytest.raises(ConfigError):
        read(tmp_path, text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


VALUES = st.recursive(
    st.sampled_from(["x", "3h", "null", "[]", "{}", "2026-10-01", "d", "s3", "local", "once", "-1"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(["type", "schedule", "id", "every", "from", "severity", "datasets", "grace", "start"]),
            inner,
            max_size=3,
        ).map(lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs.items()) + "}")
    ),
    max_leaves=6,
)
KEYS = [
    "early", "first_run", "level", "watch_from", "schedule", "datasets", "format", "mode",
    "folder_template", "severity", "destination", "manifest",
]  # fmt: skip


@IN_A_FOLDER
@given(given_flow=st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=4))
def test_any_shape_under_a_known_key_is_judged_and_never_crashes(given_flow, tmp_path):
    lines = "".join(f"    {key}: {value}\n" for key, value in given_flow.items())
    told = mistakes(tmp_path, f"{DESTINATIONS}flows:\n  f:\n{lines}")
    assert all(line.startswith("c.yaml:") for line in told)
    if "datasets" not in given_flow:
        assert any("flows.f.datasets: is missing" in line for line in told)
