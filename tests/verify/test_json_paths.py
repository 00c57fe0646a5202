"""The answer depends on the text alone: not on the path, the packing or where chunks end."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.verify import shapes as shapes_module
from auditor.verify.lines import LineJudge
from auditor.verify.shapes import Shapes
from auditor.verify.strict import NotAnObject, parse_line

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
NAMES = st.sampled_from(["a", "b", "id", "ü", 'q"', "back\\slash", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
CRUMBS = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b" ", b"\0", b"\xff", b"\xef\xbb\xbf", b"1",
          b"e9999",          b"\\ud800", b'"a":1,', b'"id":2,"id":3,', b"9" * 25, b"NaN", b"-", b"."]  # fmt: skip


@st.composite
def texts(draw):
    """Lines of valid records, then some harm."""
    ascii_only, spaced, ordered = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    separators = (", ", ": ") if spaced else (",", ":")
    records = draw(st.lists(OBJECTS, min_size=1, max_size=12))
    style = {"ensure_ascii": ascii_only, "separators": separators, "sort_keys": ordered}
    text = "".join(json.dumps(record, **style) + "\n" for record in records)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from(CRUMBS))
    return bytes(data)


def judged(text, cuts=(), *, fast, shapes=None, helpers=None):
    judge = LineJudge(shapes or Shapes(), fast=fast, helpers=helpers)
    borders = [0, *sorted(cuts), len(text)]
    for start, stop in pairwise(borders):
        judge.feed(text[start:stop])
    judge.finish()
    return (
        judge.records,
        judge.bad_lines,
        judge.bad,
        judge.cut_record,
        judge.remarks,
        judge.final_newline,
        judge.byte_order_mark,
    )


def proven(shapes, line):
    """Whether `line` is called good for its shape alone."""
    return shapes.prove(line + b"\n") > 0


@settings(max_examples=250, deadline=None)
@given(texts(), st.data())
def test_fast_and_slow_path_agree_wherever_chunks_end(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    assert judged(text, cuts, fast=True) == judged(text, fast=False)


@settings(max_examples=120, deadline=None)
@given(st.lists(texts(), min_size=2, max_size=5))
def test_what_was_learned_from_earlier_records_changes_no_answer(many):
    shapes = Shapes()
    for text in many:
        shapes._next_compile = 1
        assert judged(text, fast=True, shapes=shapes) == judged(text, fast=False)


@settings(max_examples=60, deadline=None)
@given(texts(), st.data())
def test_threads_that_help_change_no_answer(text, data):
    text = text * 30
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=40))
    with ThreadPoolExecutor(2) as helpers:
        assert judged(text, cuts, fast=True, helpers=helpers) == judged(text, fast=False)


def test_a_thousand_bad_lines_are_where_judging_ends_on_every_path():
    text = b'{"a":1}\n' * 20 + b'{"a":1}\n{"a":01}\n' * 1500 + b'{"a":2}\n' * 5
    slow = judged(text, fast=False)
    assert slow[:2] == (1020, 1000)
    cuts = range(100, len(text), 100)
    with ThreadPoolExecutor(2) as helpers:
        assert judged(text, cuts, fast=True, helpers=helpers) == judged(text, cuts, fast=True) == slow


@settings(max_examples=250, deadline=None)
@given(texts())
def test_the_strict_parser_agrees_with_the_standard_library(text):
    for line in text.split(b"\n"):
        try:
            parse_line(line)
            accepted = True
        except NotAnObject:
            accepted = False
        assert accepted == _is_object(line)


def _is_object(line: bytes) -> bool:
    def refuse(_constant):
        raise ValueError

    try:
        return isinstance(json.loads(line.decode("utf-8"), parse_constant=refuse, parse_int=len), dict)
    except ValueError:
        return False


def test_every_single_byte_changed_is_judged_alike_on_both_paths():
    line = '{"id":"ü\\n","n":[1,-2.5e3,true,null],"o":{"a":{},"b":"\\ud83d\\ude00"}}'.encode()
    chance = random.Random(7)
    shapes = Shapes()
    judged((line + b"\n") * 60, fast=True, shapes=shapes)
    assert proven(shapes, line)
    for at in range(len(line)):
        for byte in {*b'"\\{}[],:0 \x00', chance.randrange(256), line[at] ^ 0x80}:
            text = line[:at] + bytes([byte]) + line[at + 1 :] + b"\n"
            assert judged(text, fast=True, shapes=shapes) == judged(text, fast=False), (at, byte)


def test_a_shape_never_vouches_for_a_line_that_repeats_a_name():
    shapes = Shapes()
    record = {"a": {"x": 1, "y": "t"}, "b": [{"x": 1}, {"y": 2}], "c": "text"}
    text = (json.dumps(record).encode() + b"\n") * 60
    judged(text, fast=True, shapes=shapes)
    for line in (
        b'{"a": {"x": 1, "x": 2}, "b": [], "c": "t"}',
        b'{"a": {"x": 1, "y": "t"}, "b": [{"x": 1, "x": 1}], "c": "t"}',
        b'{"a": {"x": 1, "y": "t"}, "a": {"x": 1, "y": "t"}, "b": [], "c": "t"}',
        b'{"a": {"x": 1, "y": "\\\\"}, "b": [], "c": "\\", \\"c\\": \\"", "c": "t"}',
        b'{"a": {"x": 1, "y": "t", "\\u0079": "t"}, "b": [], "c": "t"}',
    ):
        assert not proven(shapes, line)
        assert judged(line, fast=True, shapes=shapes)[4].counts == {"duplicate_names": 1}
    assert proven(shapes, json.dumps(record).encode())


def test_records_without_a_common_shape_stop_being_learned(monkeypatch):
    monkeypatch.setattr(shapes_module, "_FIRST_COMPILE", 1)
    shapes = Shapes()
    lines = [json.dumps({f"key{n}": {"v": n}}).encode() for n in range(3000)]
    assert judged(b"\n".join(lines) + b"\n", fast=True, shapes=shapes)[0] == 3000
    assert shapes._compiles <= 8
