"""Every format: the same bytes each time, nothing from outside does harm, all of it is there."""

import csv
import json
from html.parser import HTMLParser
from io import StringIO

import jsonschema
from hypothesis import given

from auditor.report.completeness import (
    COLUMNS,
    Sampler,
    dump_completeness,
    load_completeness,
    render_completeness_html,
    render_completeness_json,
    render_headline,
    render_population,
)
from auditor.report.completeness.types import (
    Change,
    CoverageLine,
    DatasetLine,
    EndingLine,
    IncidentLine,
    Provenance,
    Source,
    Unwatched,
    Used,
)
from docs.json.generate import read_schema
from tests.report.completeness.making import END, HOUR, START, judged, missing, populations, report_of, verdict
from tests.report.strategies import HOSTILE, QUICK

SCHEMA = read_schema("completeness-1")
VOID = {"meta", "br", "link"}


class Page(HTMLParser):
    """Elements, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def full_report(text: str = "web"):
    """One of everything, each with `text` in it."""
    from adapters.base import inert

    told = inert(text)
    runs = judged(verdict(0, flow=text), missing(3, waived=True), missing(6), verdict(9, dataset=text))
    sampler = Sampler("7", 3)
    [*sampler.watch(runs)]
    return report_of(
        runs,
        unwatched=(Unwatched(told, START, START + HOUR, told),),
        never_read=(told,),
        incidents=(
            IncidentLine(1, told, "error", told, told, told, START, END, "next_right", told, told, told),
            IncidentLine(2, told, "error", told, told, told, START, None, "", told),
        ),
        coverage=(CoverageLine(told, told, told, "never_protected", told, told),),
        coverage_counts={"protected": 3, "never_protected": 1},
        endings=(EndingLine(END, told, told, told),),
        filters={"flow": told},
        changes=(Change(told, told, told, START, told, told, END, told),),
        revision=1,
        provenance=Provenance(
            (Source(told, told, 2, START),), END, (Used(told, told, START, END, 9),), (Used(told, told, START, END, 0),)
        ),
        sample=sampler.draw(text),
    )


@QUICK
@given(populations)
def test_what_is_kept_comes_back_equal(runs):
    report = report_of(runs)
    inert_lines = load_completeness(dump_completeness(report)) if _is_clean(report) else report
    assert inert_lines == report


def _is_clean(report) -> bool:
    """Lines of real reports are inert already; those of random populations are not all."""
    return all(line.flow.isprintable() and line.dataset.isprintable() and line.destination.isprintable()
               for line in report.datasets) and all(
        part.isprintable() for one in report.unjudged for part in one[:3])  # fmt: skip


def test_a_full_report_is_kept_without_its_sample():
    report = full_report("名前 </script> =1")
    kept = load_completeness(dump_completeness(report))
    assert kept.sample is None
    assert render_completeness_json(kept) == render_completeness_json(load_completeness(dump_completeness(kept)))


def test_the_json_keeps_its_schema():
    for text in ("web", *HOSTILE):
        told = render_completeness_json(full_report(text))
        assert told.isascii()
        jsonschema.validate(json.loads(told), SCHEMA)
    jsonschema.validate(json.loads(render_completeness_json(report_of([]))), SCHEMA)


def test_the_schema_knows_every_key():
    told = json.loads(render_completeness_json(full_report()))
    assert set(told) == set(SCHEMA["properties"])
    for key, value in told.items():
        part = SCHEMA["properties"][key]
        if isinstance(value, list) and value and "$ref" in part.get("items", {}):
            named = SCHEMA["$defs"][part["items"]["$ref"].rsplit("/", 1)[-1]]
            assert set(value[0]) == set(named["properties"]), key


def test_the_page_is_whole_and_hostile_names_do_no_harm():
    plain = Page()
    plain.feed(render_completeness_html(full_report()))
    for text in HOSTILE:
        page = Page()
        page.feed(render_completeness_html(full_report(text)))
        assert page.open == []
        assert page.seen.count("script") == 0
        assert page.attributes == plain.attributes
        assert not {c for c in page.text if not c.isprintable() and c not in "\n\xa0"}


def test_the_page_fetches_nothing_and_is_the_same_each_time():
    report = full_report()
    told = render_completeness_html(report)
    assert told == render_completeness_html(full_report())
    assert "://" not in told
    assert render_headline(report) in Page_text(told)


def Page_text(html: str) -> str:  # noqa: N802
    page = Page()
    page.feed(html)
    return page.text


def test_an_empty_page_never_looks_complete():
    told = Page_text(render_completeness_html(report_of([])))
    assert "could not be told (exit code 3)" in told
    assert "Everything that was expected" not in told
    assert "every expected run is on time" not in told


def test_the_population_has_a_row_for_each_run_and_computes_nothing():
    line = DatasetLine("web", "d1", "lake", "=cmd|' /C calc'!A0", "ops")
    runs = judged(*(verdict(hour, folder="=1+1;=2") for hour in range(1201)))
    text = "".join(render_population((line, run) for run in runs))
    rows = [*csv.reader(StringIO(text, newline=""))]
    assert rows[0] == [*COLUMNS]
    assert len(rows) == 1202
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_same_seed_draws_the_same_runs_in_any_order():
    runs = judged(*(verdict(hour) for hour in range(500)))
    one, other, third = Sampler("7", 25), Sampler("7", 25), Sampler("8", 25)
    [*one.watch(runs)], [*other.watch(reversed(runs))], [*third.watch(runs)]
    drawn = one.draw("auditor.yaml")
    assert (len(drawn.runs), drawn.population) == (25, 500)
    assert drawn == other.draw("auditor.yaml")
    assert drawn.runs != third.draw("auditor.yaml").runs


def test_a_small_population_is_drawn_whole():
    sampler = Sampler("7", 25)
    [*sampler.watch(judged(verdict(0), verdict(3)))]
    assert len(sampler.draw("c").runs) == 2


def test_every_run_is_drawn_about_as_often():
    runs = judged(*(verdict(hour) for hour in range(20)))
    counts = dict.fromkeys((run.verdict.due for run in runs), 0)
    for seed in range(400):
        sampler = Sampler(str(seed), 5)
        [*sampler.watch(runs)]
        for one in sampler.draw("c").runs:
            counts[one.due] += 1
    assert min(counts.values()) > 60
    assert max(counts.values()) < 140


def test_commands_of_the_sample_are_quoted():
    sampler = Sampler("7", 1)
    [*sampler.watch(judged(verdict(0, flow="a b; rm -rf ~")))]
    (drawn,) = sampler.draw("my config.yaml").runs
    assert drawn.commands == (
        "export-auditor verify -c 'my config.yaml' lake:lake/d1/exportTime=1/",
        (
            "export-auditor audit -c 'my config.yaml' --flow='a b; rm -rf ~' --dataset=d1 --destination=lake "
            "--since 2026-10-01T00:00:00Z --relist --reverify --format json"
        ),
    )
