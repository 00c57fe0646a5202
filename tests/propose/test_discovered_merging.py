"""What is discovered is brought into a configuration that people keep: nothing of theirs is moved or removed."""

import difflib
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Unreachable
from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Compression, Dataset, FileFormat, Schedule
from auditor.propose.discovered_places import FoundFlow
from auditor.propose.yaml_edits import CannotEditError, Edits
from auditor.service.discovered_config import Written, merge_config
from auditor.service.discovering import SandboxFlows
from auditor.settings import load_config
from auditor.settings.platforms import Platforms, has_flows, load_platforms

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2027, 4, 1, tzinfo=UTC)
WEB_ID = "d0420d72-756c-4159-9e7f-7d3e2f8b501e"
NEW_ID = "5b0c2f9e-37a1-4c5e-8a43-0c1d2e3f4a5b"
A, B, C = (f"5ef3e324052581191aa6a46{n}" for n in "abc")

SECTION = "experience_platform:\n  prod: {org_id: 5B4C@AdobeOrg, sandbox: prod, client_id: x, client_secret: hunter2}\n"
KEPT = (
    SECTION
    + f"""\
# Ask Jo before you touch this.

destinations:
  lake:                       # the bucket of the data team
    type: s3
    bucket: acme
    folder: backups
flows:
  web:   # mine
    destination: lake
    experience_platform: prod
    flow_id: {WEB_ID}
    owner:   jo@example.com
    grace: 5h  # they are slow on Mondays
    schedule: {{every: 3h, start: 2026-10-01T00:00:00Z, end: 2027-04-01T00:00:00Z}}  # agreed in May
    datasets:
      - {{id: {A}, name: Web events, owner: kim@example.com}}
      - {B}   # commerce

# Nobody reads this, but it stays.
waivers: []
"""
)

WEB = FoundFlow(
    FlowVersion(
        "prod",
        WEB_ID,
        "Web, every 3 hours",
        "enabled",
        (Dataset(A, "Web events"), Dataset(B, "Commerce")),
        TargetPlace("s3", "acme", "/backups/"),
        Schedule(START, END, timedelta(hours=3)),
        format=FileFormat.JSON,
        compression=Compression.GZIP,
        created=START - timedelta(days=1),
        updated=START - timedelta(days=1),
    ),
    "account-1",
)
NEW = FoundFlow(replace(WEB.version, flow_id=NEW_ID, name="Profiles", datasets=(Dataset(C, "Profiles"),)), "account-1")


def web(**changed: Any) -> FoundFlow:
    return FoundFlow(replace(WEB.version, **changed), "account-1")


def schedule(**changed: Any) -> Schedule:
    return replace(WEB.version.schedule or Schedule(START), **changed)


class Kept:
    """A configuration in a folder of its own."""

    def __init__(self, folder: Path, text: str = KEPT, others: Mapping[str, str] | None = None) -> None:
        self.path = folder / "auditor.yaml"
        self.path.write_text(text)
        for name, more in (others or {}).items():
            (folder / name).write_text(more)

    def merge(self, *found: FoundFlow, failed: str = "") -> Written:
        """Merged, loaded, and kept."""
        platforms: Platforms = load_platforms(self.path)
        failure = Unreachable("down", destination="x", operation="GET", key="y") if failed else None
        sandboxes = [SandboxFlows("prod", found, failure=failure)]
        config = load_config(self.path) if has_flows(self.path) else None
        written = merge_config(self.path.read_text(), config, platforms, sandboxes, now=NOW)
        self.path.write_text(written.text)
        load_config(self.path)
        return written

    def changed_by(self, *found: FoundFlow, **given: Any) -> list[str]:
        """The lines that go (-) and come (+), and that a second merge finds nothing more."""
        before = self.path.read_text()
        after = self.merge(*found, **given).text
        assert self.merge(*found, **given).text == after
        return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_nothing_changes_where_nothing_differs(kept):
    assert kept.changed_by(WEB) == []


def test_a_new_flow_comes_behind_the_last_one_and_uses_the_destination_that_is_there(kept):
    assert kept.changed_by(WEB, NEW) == [
        "+   profiles:",
        "+     destination: lake",
        "+     experience_platform: prod",
        f"+     flow_id: {NEW_ID}  # Profiles",
        "+     schedule: {every: 3h, start: 2026-10-01T00:00:00Z, end: 2027-04-01T00:00:00Z}",
        "+     format: json",
        "+     compression: gzip",
        "+     manifest: false  # TODO: true if *Include manifest file* is switched on; the API does not tell",
        "+     mode: incremental",
        "+     datasets:",
        f"+       - {{id: {C}, name: Profiles}}",
        "+ ",
    ]
    assert kept.path.read_text().endswith("\n# Nobody reads this, but it stays.\nwaivers: []\n")


def test_a_new_place_is_a_new_destination_behind_the_last_one(kept):
    moved = FoundFlow(replace(NEW.version, place=TargetPlace("gcs", "acme", "x")), "account-2")
    lines = kept.changed_by(WEB, moved)
    assert lines[:4] == ["+   acme:", "+     type: gcs", "+     bucket: acme", "+     folder: x"]
    assert "+     destination: acme" in lines
    assert all(line.startswith("+") for line in lines)


def test_a_new_end_is_written_where_the_old_one_stands(kept):
    was = "    schedule: {every: 3h, start: 2026-10-01T00:00:00Z, end: 2027-04-01T00:00:00Z}  # agreed in May"
    later = schedule(end=datetime(2028, 1, 1, tzinfo=UTC))
    assert kept.changed_by(web(schedule=later)) == [f"- {was}", f"+ {was.replace('2027-04', '2028-01')}"]


def test_an_end_that_is_not_told_takes_none_away(kept):
    assert kept.changed_by(web(schedule=schedule(end=None))) == []


def test_an_edited_schedule_comes_behind_the_old_one_so_that_the_past_is_judged_by_that(kept):
    edited = web(schedule=schedule(every=timedelta(hours=6)), updated=datetime(2026, 10, 20, 7, tzinfo=UTC))
    _, line = kept.changed_by(edited)
    assert line == (
        "+     schedule: [{every: 3h, start: 2026-10-01T00:00:00Z, end: 2027-04-01T00:00:00Z}, "
        "{every: 6h, start: 2026-10-20T12:00:00Z, end: 2027-04-01T00:00:00Z}]  # agreed in May"
    )


def test_a_schedule_with_a_later_start_comes_behind_the_old_one(kept):
    edited = web(schedule=schedule(every=timedelta(days=1), start=datetime(2026, 10, 25, tzinfo=UTC)))
    _, line = kept.changed_by(edited)
    assert "}, {every: 1d, start: 2026-10-25T00:00:00Z," in line


def test_a_change_of_unknown_date_is_told_and_left_to_a_person(kept):
    (line,) = kept.changed_by(web(schedule=schedule(every=timedelta(hours=6))))
    assert line == (
        "+   # discover: Experience Platform says schedule: {every: 6h, start: 2026-10-01T00:00:00Z, "
        "end: 2027-04-01T00:00:00Z}; since when is not told"
    )


def test_a_cron_expression_that_means_the_same_is_the_same(tmp_path):
    text = KEPT.replace("every: 3h,", 'cron: "0 */3 * * *",')
    assert Kept(tmp_path, text).changed_by(WEB) == []


def test_planned_pauses_are_kept(tmp_path):
    text = KEPT.replace("end: 2027-04-01T00:00:00Z}", "end: 2027-04-01T00:00:00Z, except: [2026-12-25]}")
    assert Kept(tmp_path, text).changed_by(WEB) == []


def test_a_new_dataset_is_added(kept):
    more = web(datasets=(*WEB.version.datasets, Dataset(C, "Profiles: all")))
    assert kept.changed_by(more) == [f'+       - {{id: {C}, name: "Profiles: all"}}']


def test_a_dataset_that_left_the_flow_is_told_and_still_expected(kept):
    assert kept.changed_by(web(datasets=(Dataset(A, "Web events"),))) == [
        f"+   # discover: no longer in the dataflow: {B}"
    ]


TOLD = [  # what is otherwise now, how it is told
    ({"state": "disabled"}, "Experience Platform says that it is disabled: Experience Platform exports nothing while"),
    ({"format": FileFormat.PARQUET}, "Experience Platform says format: parquet"),
    ({"compression": Compression.NONE}, "Experience Platform says compression: none"),
    ({"manifest": True}, "Experience Platform says manifest: true"),
    ({"folder_template": "%DATASET_NAME%/%EXPORT_TIME%"}, "Experience Platform says folder_template: %DATASET_NAME%/"),
    ({"place": TargetPlace("s3", "other", "backups")}, "it now exports to s3 other, folder backups"),
]


@pytest.mark.parametrize("now, told", TOLD, ids=[case[1] for case in TOLD])
def test_what_the_past_is_judged_by_is_told_and_not_changed(kept, now, told):
    (line,) = kept.changed_by(web(**now))
    assert line.startswith(f"+   # discover: {told}")
    assert kept.changed_by(WEB) == [f"-{line[1:]}"], "said no longer once it is so no longer"


def test_a_flow_that_is_gone_is_marked_and_never_removed(kept):
    assert kept.changed_by(NEW)[0] == "+   # discover: no dataflow of this flow_id is in its sandbox any more"
    assert f"flow_id: {WEB_ID}" in kept.path.read_text()


def test_of_a_sandbox_that_was_not_read_nothing_is_concluded(kept):
    assert kept.changed_by(failed="yes") == []


def test_a_flow_written_by_hand_is_tied_to_its_dataflow_by_place_and_datasets(tmp_path):
    text = KEPT.replace(f"    experience_platform: prod\n    flow_id: {WEB_ID}\n", "")
    assert Kept(tmp_path, text).changed_by(WEB) == ["+     experience_platform: prod", f"+     flow_id: {WEB_ID}"]


def test_where_two_dataflows_fit_none_is_tied(tmp_path):
    text = KEPT.replace(f"    experience_platform: prod\n    flow_id: {WEB_ID}\n", "")
    twin = FoundFlow(replace(NEW.version, datasets=WEB.version.datasets), "account-1")
    written = Kept(tmp_path, text).merge(WEB, twin)
    assert [one.why for one in written.discovery.left_out] == ["exports to the same folders as web"] * 2


def test_an_ended_flow_is_added_as_a_comment_once(kept):
    over = FoundFlow(
        replace(
            NEW.version, schedule=Schedule(START - timedelta(days=90), START - timedelta(days=10), timedelta(days=1))
        ),
        "account-1",
    )
    lines = kept.changed_by(WEB, over)
    assert "+   # profiles:" in lines
    assert all(line.startswith(("+   #", "+ ")) for line in lines)


def test_a_configuration_of_sandboxes_alone_gets_its_sections(tmp_path):
    kept = Kept(tmp_path, "# first line\n" + SECTION.rstrip("\n"))
    kept.merge(WEB, NEW)
    config = load_config(kept.path)
    assert (set(config.destinations), set(config.flows)) == ({"acme"}, {"web-every-3-hours", "profiles"})
    assert kept.path.read_text().startswith("# first line\n" + SECTION)


STYLES = {  # the flow `web` as others would write it
    "in braces": f"""
        flows:
          web: {{destination: lake, experience_platform: prod, flow_id: {WEB_ID},
                schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}, datasets: [{A}, {B}]}}
        """,
    "as blocks": f"""
        flows:
            web:
                destination: lake
                experience_platform: prod
                flow_id: {WEB_ID}
                schedule:
                    every: 3h
                    start: 2026-10-01T00:00:00Z
                datasets:
                - id: {A}
                  name: Web events
                # the second
                - id: {B}
                  tags:
                  - gdpr
        """,
    "with several schedules": f"""
        flows:
          web:
            datasets: [{A}, {B}]  # two
            schedule:
              - every: 1d
                start: 2026-09-01T00:00:00Z

              - {{every: 3h, start: 2026-10-01T00:00:00Z}}  # since October
            destination: lake
            experience_platform: prod
            flow_id: "{WEB_ID}"
        """,
    "with schedules in brackets": f"""
        flows:
          web:
            schedule: [{{every: 1d, start: 2026-09-01T00:00:00Z}}, {{every: 3h, start: 2026-10-01T00:00:00Z}}]
            datasets: [{A}, {B}]
            destination: lake
            experience_platform: prod
            flow_id: {WEB_ID}
        """,
    "with its id to be told": f"""
        flows:
          web:
            destination: "lake"   # here
            schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}
            datasets:
              - {A}
              - {B}
        """,
    "with aliases": f"""
        x-rhythm: &rhythm {{every: 3h, start: 2026-10-01T00:00:00Z}}
        x-sets: &sets [{A}, {B}]
        flows:
          web:
            destination: lake
            experience_platform: prod
            flow_id: {WEB_ID}
            schedule: *rhythm
            datasets: *sets
        """,
    "with a merge key": f"""
        x-common: &common
          destination: lake
          schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}
          datasets: [{A}, {B}]
        flows:
          web:
            <<: *common
            experience_platform: prod
            flow_id: {WEB_ID}
        """,
}
OTHER = FoundFlow(replace(NEW.version, datasets=(Dataset("5ef3e324052581191aa6a46d", "Others"),)), "account-1")
HEAD = SECTION + "destinations: {lake: {type: s3, bucket: acme, folder: backups}}\n"
BEHIND = "waivers: []  # the end\n"


@pytest.mark.parametrize("style", STYLES)
def test_in_every_style_all_changes_arrive_or_are_told_and_no_comment_is_lost(tmp_path, style):
    kept = Kept(tmp_path, HEAD + textwrap.dedent(STYLES[style]).lstrip("\n") + BEHIND)
    before = kept.path.read_text()
    more = web(datasets=(*WEB.version.datasets, Dataset(C, "Profiles")))
    kept.merge(more)
    edited = FoundFlow(
        replace(
            more.version,
            schedule=schedule(every=timedelta(hours=6)),
            updated=datetime(2026, 10, 20, 7, tzinfo=UTC),
        ),
        "account-1",
    )
    text = kept.merge(edited, OTHER).text
    assert kept.merge(edited, OTHER).text == text
    flow = load_config(kept.path).flows["web"]
    can_change = style not in ("with aliases", "with a merge key")
    assert (C in {dataset.id for dataset in flow.datasets}) is can_change
    assert (flow.schedules[-1].every == timedelta(hours=6)) is can_change
    assert flow.schedules[-2 if can_change else -1].every == timedelta(hours=3)
    if can_change:
        assert flow.schedules[-2].end == END, "the end was set before the schedule was edited"
        assert "# discover" not in text
    else:
        assert f"# discover: exported too: {{id: {C}, name: Profiles}}" in text
        assert "# discover: Experience Platform says schedule: {every: 6h, start: 2026-10-20T12:00:00Z" in text
    assert (flow.experience_platform, flow.flow_id) == ("prod", WEB_ID)
    for comment in (part.strip() for line in before.splitlines() for part in [line.partition("#")[2]] if part):
        assert comment in text


def test_destinations_in_braces_are_said_to_be_no_place_to_add_to(tmp_path):
    kept = Kept(tmp_path, HEAD + textwrap.dedent(STYLES["as blocks"]).lstrip("\n"))
    elsewhere = FoundFlow(replace(NEW.version, place=TargetPlace("s3", "second", "")), "account-1")
    with pytest.raises(CannotEditError, match="destinations is written in braces"):
        kept.merge(WEB, elsewhere)


def test_a_flow_of_an_included_file_is_told_and_not_changed(tmp_path):
    flows = textwrap.dedent(STYLES["as blocks"])
    kept = Kept(tmp_path, "include: part.yaml\n" + HEAD, {"part.yaml": flows})
    written = kept.merge(web(datasets=(*WEB.version.datasets, Dataset(C))))
    assert written.elsewhere == ("web",)
    assert (tmp_path / "part.yaml").read_text() == flows


def test_a_dataset_whose_folders_another_flow_has_is_told_and_not_added(kept):
    kept.merge(WEB, NEW)
    both = web(datasets=(*WEB.version.datasets, Dataset(C, "Profiles")))
    (line,) = kept.changed_by(both, NEW)
    assert line == f"+   # discover: exports {C} to the folders of flow profiles too"


# --- written in ways that a person may write, too --------------------------------------------------

STRONGER = web(
    datasets=(*WEB.version.datasets, Dataset(C, "Profiles")),
    schedule=schedule(every=timedelta(hours=6)),
    updated=datetime(2026, 10, 20, 7, tzinfo=UTC),
    manifest=True,
)
FLOW = f"destination: lake, experience_platform: prod, schedule: {{every: 3h, start: {START:%Y-%m-%d}T00:00:00Z}}"
TWO = (
    f"web: {{{FLOW}, flow_id: {WEB_ID}, datasets: [{A}, {B}]}}",
    f"profiles: {{{FLOW}, flow_id: {NEW_ID}, datasets: [{C}]}}",
)


def test_two_flows_on_one_line_have_their_remarks_beside_each_other(tmp_path):
    kept = Kept(tmp_path, HEAD + f"# mine\nflows: {{{', '.join(TWO)}}}\n# the end\n")
    told = web(manifest=True), FoundFlow(replace(NEW.version, manifest=True), "account-1")
    changed = kept.changed_by(*told)
    marks = [line for line in changed if "# discover" in line]
    assert marks == [f"+ # discover: {name}: Experience Platform says manifest: true" for name in ("web", "profiles")]
    assert kept.path.read_text().endswith("# the end\n")
    assert "# mine\n# discover" in kept.path.read_text()


def test_changes_that_would_fall_on_each_other_are_refused():
    edits = Edits("a: 1\nb: 2\n")
    edits.remove_lines(0, 2)
    edits.remove_lines(1, 2)
    with pytest.raises(CannotEditError, match="two changes fall on one place"):
        edits.result()


def test_what_has_an_anchor_is_told_and_not_changed_since_it_is_meant_elsewhere_too(tmp_path):
    flows = f"""\
flows:
  web: &web
    destination: lake
    experience_platform: prod
    flow_id: {WEB_ID}
    schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}
    datasets: [{A}, {B}]
  other:
    destination: lake
    schedule: &rhythm {{every: 3h, start: 2026-10-01T00:00:00Z}}
    datasets: &sets
      - {C}
"""
    kept = Kept(tmp_path, HEAD + flows)
    other = FoundFlow(
        replace(
            NEW.version,
            datasets=(Dataset(C), Dataset("5ef3e324052581191aa6a46d", "Others")),
            schedule=schedule(end=datetime(2028, 1, 1, tzinfo=UTC)),
        ),
        "account-1",
    )
    changed = kept.changed_by(STRONGER, other)
    assert not [line for line in changed if line[0] == "-"]
    assert "+   # discover: Experience Platform says end: 2028-01-01T00:00:00Z" in changed
    assert "+   # discover: exported too: {id: 5ef3e324052581191aa6a46d, name: Others}" in changed
    assert any("# discover: Experience Platform says schedule: {every: 6h" in line for line in changed)


def test_an_anchor_of_the_whole_section_is_no_indentation(tmp_path):
    kept = Kept(tmp_path, HEAD + f"flows: &all  # ours\n  {TWO[0]}\n")
    kept.changed_by(WEB, NEW)
    assert set(load_config(kept.path).flows) == {"web", "profiles"}
    assert "\n  profiles:\n" in kept.path.read_text()


def test_an_end_that_was_left_empty_is_filled_in(tmp_path):
    style = STYLES["as blocks"].replace("every: 3h\n", "every: 3h\n                    end:\n")
    kept = Kept(tmp_path, HEAD + textwrap.dedent(style).lstrip("\n"))
    assert kept.changed_by(WEB) == ["-             end:", "+             end: 2027-04-01T00:00:00Z"]


def test_line_breaks_that_only_yaml_knows_move_nothing(tmp_path):
    kept = Kept(tmp_path, "# a\u2028# b\u2028# c\x85# d\n" + HEAD + f"flows:\n  # mine\n  {TWO[0]}\n")
    kept.merge(web(manifest=True))
    assert "  # mine\n  # discover: Experience Platform says manifest: true\n  web:" in kept.path.read_text()


def test_words_in_a_text_of_several_lines_are_no_remark_of_ours(tmp_path):
    flows = f"""\
flows:
  profiles:
    destination: lake
    experience_platform: prod
    flow_id: {NEW_ID}
    schedule: {{every: 3h, start: 2026-10-01T00:00:00Z}}
    datasets: [{C}]
    owner: |-
      Jo
      # discover: is what Jo calls it
  {TWO[0]}
"""
    kept = Kept(tmp_path, HEAD + flows)
    changed = kept.changed_by(web(manifest=True), NEW)
    assert "+   # discover: Experience Platform says manifest: true" in changed
    assert "      # discover: is what Jo calls it\n" in kept.path.read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\n" + SECTION + "...\n", "ends with the line"),
        ("{" + SECTION.strip().replace("\n  ", " {") + "}}\n", "written in braces"),
    ],
)
def test_where_nothing_can_be_added_behind_it_is_said(tmp_path, text, told):
    kept = Kept(tmp_path, text)
    with pytest.raises(CannotEditError, match=told):
        kept.merge(WEB)


def test_a_configuration_that_is_indented_as_a_whole_stays_so(tmp_path):
    kept = Kept(tmp_path, textwrap.indent(SECTION, "  "))
    kept.changed_by(WEB, NEW)
    assert len(load_config(kept.path).flows) == 2
