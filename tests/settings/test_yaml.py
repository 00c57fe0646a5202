"""What YAML itself can do to a configuration."""

import pytest

from tests.settings.configs import DATASET, OTHER, flow, mistakes, read

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 12)
)
EMPTY = "is empty; it needs at least destinations and flows"

WHOLE = [  # told, text, the only message
    ("nothing at all", "", f"c.yaml: {EMPTY}"),
    ("comments only", "# hello\n", f"c.yaml: {EMPTY}"),
    ("a list", "- a\n", "c.yaml:1:1: a mapping belongs here, with the keys destinations and flows"),
    ("a word", "hello\n", "c.yaml:1:1: a mapping belongs here, with the keys destinations and flows"),
    ("a tab", "flows:\n\tf: x\n", "c.yaml:2:1: a tab cannot indent YAML; write spaces"),
    (
        "two colons",
        "a: b: c\n",
        "c.yaml:1:5: a second colon in one line, or wrong indentation; put the value in quotes",
    ),
    (
        "open bracket",
        "a: [1\nb: 2\n",
        "c.yaml:2:2: a bracket or brace that was opened above is not closed, or a comma is missing",
    ),
    ("open quote", "a: 'x\n", "c.yaml:2:1: a quote that was opened here or above is not closed"),
    ("two documents", "---\na: b\n---\nc: d\n", 'c.yaml:3:1: only one document is read; remove what follows the "---"'),
    ("Latin-1", "name: Zürich\n".encode("latin-1"), "c.yaml:1:8: is not UTF-8 text; save the file as UTF-8"),
    ("UTF-16", "a: b\n".encode("utf-16"), "c.yaml:1:1: is not UTF-8 text; save the file as UTF-8"),
    ("control character", "a: \x01\n", "c.yaml:1:4: the character U+0001 is not allowed in YAML; remove it"),
    ("no end of nesting", "[" * 1200, "c.yaml:1:1: is nested deeper than 40 levels"),
    ("deep nesting", "[" * 60 + "]" * 60, "c.yaml:1:1: is nested deeper than 40 levels"),
    ("a billion laughs", BOMB, "c.yaml:1:1: holds more than 200,000 values once its aliases (*) are written out"),
]


@pytest.mark.parametrize("told, text, expected", WHOLE, ids=[case[0] for case in WHOLE])
def test_text_that_is_no_configuration_is_refused(told, text, expected, tmp_path):
    assert mistakes(tmp_path, text) == [expected]


PARTS = [  # told, text, one of the messages
    (
        "a key twice",
        flow("format: json", "format: parquet"),
        "c.yaml:6:5: flows.f.format: is given twice, on lines 5 and 6; keep one of them",
    ),
    ("a flow twice", flow() + "  f: {}\n", "c.yaml:8:3: flows.f: is given twice, on lines 4 and 8; keep one of them"),
    (
        "a tag",
        flow("format: !secret x"),
        "c.yaml:5:13: flows.f.format: YAML tags (!…) are not read; a value that begins with ! must stand in quotes",
    ),
    ("itself", "x-a: &a [*a]\n" + flow(), "c.yaml:1:6: x-a[0]: refers to itself by an alias (*)"),
    ("itself merged", "x-a: &a {<<: *a}\n" + flow(), "c.yaml:1:6: x-a: refers to itself by a merge key (<<)"),
    ("a key that is a list", "? [a]\n: b\n" + flow(), "c.yaml:1:3: a key must be text"),
    ("a merge of text", "x-a: {<<: b}\n" + flow(), "c.yaml:1:11: x-a: a merge key (<<) needs a mapping: <<: *anchor"),
]


@pytest.mark.parametrize("told, text, expected", PARTS, ids=[case[0] for case in PARTS])
def test_yaml_that_means_nothing_here_is_refused(told, text, expected, tmp_path):
    assert mistakes(tmp_path, text) == [expected]


def test_anchors_and_merge_keys_spare_repetition(tmp_path):
    text = f"""\
x-usual: &usual
  destination: d
  format: parquet
  schedule: {{every: 1d, start: 2026-10-01T00:00:00Z}}
destinations:
  d: {{type: local, root: .}}
flows:
  a: {{<<: *usual, datasets: [{DATASET}]}}
  b:
    datasets: [{OTHER}]
    <<: [{{format: json}}, *usual]
    level: L1
"""
    flows = read(tmp_path, text).flows
    assert [(f.destination, f.format, f.level.name) for f in flows.values()] == [
        ("d", "parquet", "L3"),
        ("d", "json", "L1"),
    ]


def test_a_byte_order_mark_changes_nothing(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + flow().encode()).flows.keys() == {"f"}


def test_windows_line_ends_change_nothing(tmp_path):
    assert read(tmp_path, flow().replace("\n", "\r\n")).flows == read(tmp_path, flow()).flows


def test_a_key_with_nothing_behind_it_counts_as_not_given(tmp_path):
    assert read(tmp_path, flow("max_age:", "folder_template:", "level:")).flows == read(tmp_path, flow()).flows


def test_a_word_that_yaml_takes_for_nothing_is_named(tmp_path):
    config = read(tmp_path, flow(datasets=f"[{{id: {DATASET}, name: null}}]"))
    assert config.flows["f"].datasets[0].name == "null"
    assert config.warnings == (
        'line 7: flows.f.datasets[0].name: is read as the text "null"; quote it to say so, or leave the value out',
    )
    assert read(tmp_path, flow(datasets=f'[{{id: {DATASET}, name: "null"}}]')).warnings == ()
