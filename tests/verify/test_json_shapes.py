"""The expressions that prove lines good take valid JSON only, and no name twice."""

import itertools
import json
import random

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.verify import shapes as shapes_module
from auditor.verify.grammar import SCALAR, STRING, list_of, names_apart, object_of
from auditor.verify.shapes import Shapes, _NoShape
from auditor.verify.strict import NotAnObject, parse_line

RAW_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=6)
LATIN1 = re2.Options()
LATIN1.encoding = re2.Options.Encoding.LATIN1


def compiled(pattern):
    return re2.compile(pattern, LATIN1).fullmatch


def strictly(value: bytes) -> bool:
    """Whether `value` is valid JSON that calls for no remark."""
    try:
        return not parse_line(b'{"v":' + value + b"}").remarks()
    except NotAnObject:
        return False


def shape_of(*records) -> Shapes:
    shapes = Shapes()
    shapes._next_compile = len(records)
    for record in records:
        shapes.learn(record)
    assert shapes._compiles == 1
    return shapes


def test_a_string_is_utf_8_and_nothing_else():
    string = compiled(STRING)
    tails = [0x00, 0x22, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
    for first, second in itertools.product(range(256), repeat=2):
        for tail in (b"", *(bytes(rest) for rest in itertools.product(tails[-7:-2], repeat=2)), bytes(tails[:1])):
            text = b'"' + bytes([first, second]) + tail + b'"'
            if string(text):
                assert strictly(text), text.hex()
    for tail in itertools.product(tails, repeat=2):
        for first in range(0x80, 256):
            text = b'"' + bytes([first, *tail]) + b'"'
            assert bool(string(text)) == strictly(text), text.hex()
            text = b'"' + bytes([first, 0x90, *tail]) + b'"'
            assert bool(string(text)) == strictly(text), text.hex()


def test_every_code_point_and_every_escape_is_taken_for_what_it_is():
    string = compiled(STRING)
    assert string(b'"' + "".join(map(chr, itertools.chain(range(0xD800), range(0xE000, 0x110000))))
                  .encode().translate(None, bytes(range(32)) + b'"\\') + b'"')  # fmt: skip
    for unit in range(0x10000):
        assert bool(string(b'"\\u%04x"' % unit)) == (not 0xD800 <= unit < 0xE000)
        assert bool(string(b'"\\uD83d\\u%04X"' % unit)) == (0xDC00 <= unit < 0xE000)
    for byte in range(256):
        text = b'"\\' + bytes([byte]) + b'"'
        assert bool(string(text)) == strictly(text), byte


@settings(max_examples=500, deadline=None)
@given(st.text("0123456789.eE+-", max_size=24) | st.floats().map(repr) | st.integers().map(str) | st.text("truefalsn"))
def test_a_scalar_is_valid_and_calls_for_no_remark(text):
    if compiled(SCALAR)(text.encode()):
        assert strictly(text.encode())


@pytest.mark.parametrize("text", ["0", "-0", "1.50", "-2.5e3", "999999999999999999", "1E-7", "true", "false", "null"])
def test_usual_scalars_are_taken(text):
    assert compiled(SCALAR)(text.encode())


@settings(max_examples=500, deadline=None)
@given(st.lists(RAW_NAMES, min_size=1, max_size=8, unique=True), st.lists(RAW_NAMES, max_size=8))
def test_no_string_is_two_names_at_once(names, others):
    expressions = [compiled(pattern) for pattern in names_apart(names)]
    near = [name + other for name in names for other in ("x", '"', "\\", *names)]
    for text in {*names, *others, *near, *(name[:-1] for name in names)}:
        quoted = b'"' + text.encode() + b'"'
        taken = [bool(expression(quoted)) for expression in expressions]
        assert sum(taken) <= 1
        if text in names:
            assert taken[names.index(text)]
        if any(taken):
            assert strictly(quoted)
            assert b"\\" not in quoted


@pytest.mark.parametrize("must", [set(), {0}, {2}, {4}, {1, 3}, {0, 1, 2, 3, 4}], ids=str)
def test_members_may_lack_but_commas_may_not(must):
    names = names_apart(["a", "ab", "b", "c", "d"])
    expression = compiled(object_of([(name, b"1", n in must) for n, name in enumerate(names)]))
    members = [b'"a":1', b'"ab":1', b'"b":1', b'"c":1', b'"d":1']
    for count in range(6):
        for chosen in itertools.combinations(range(5), count):
            text = b"{" + b",".join(members[n] for n in chosen) + b"}"
            assert bool(expression(text)) == (must <= set(chosen)), text
            assert not expression(text[:-1] + b",}")
            assert not expression(b"{," + text[1:])
            assert count < 2 or not expression(text.replace(b",", b"", 1))
            assert count < 1 or not expression(text[:-1] + b"," + members[chosen[-1]] + b"}")
            assert count < 1 or not expression(text.replace(b",", b",,", 1)) or count == 1


def test_items_of_a_list_stand_between_commas():
    expression = compiled(list_of(b"1"))
    for text in ("[]", "[ ]", "[1]", "[1,1]", "[ 1 , 1\t,1 ]"):
        assert expression(text.encode())
    for text in ("[,]", "[1,]", "[,1]", "[1 1]", "[11]", "[1,,1]", "[1", "1]"):
        assert not expression(text.encode())


def test_names_of_any_spelling_can_be_learned():
    record = {"a.b-c d": 1, "#&~": [], "$id": "", "(x|y)*": {}, "ü": None, "a.b": True, "": 0, "\x7f": 1, "^": 1}
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    assert shape_of(record).prove(line) == len(line)


def test_any_harm_done_to_records_is_seen():
    """A thousand spots, many shapes of harm: what is proven is what the strict parser takes without a remark."""
    record = {
        "_id": "x", "map": {"ECID": [{"id": "1", "primary": True}], "Email": [{"id": "2"}]}, "n": [1, -2.5, None],
        "deep": [[{"a": [], "b": {}}], []], "text": 'ü "q" \\ \U0001f600',
    }  # fmt: skip
    line = json.dumps(record, ensure_ascii=False).encode()
    shapes = shape_of(record, {**record, "n": []}, {"_id": "y"})
    assert shapes.prove(line + b"\n")
    chance = random.Random(3)
    pieces = [bytes([n]) for n in b'"\\{}[],:0 1.e-u\t'] + [b'"id":"3",', b"null", b"\xff", b"\xc3", b"[]", b',"n":[1]']
    for _ in range(6000):
        harmed = bytearray(line)
        for _ in range(chance.randint(1, 2)):
            at = chance.randrange(len(harmed))
            harmed[at : at + chance.randint(0, 3)] = chance.choice(pieces)
        if shapes.prove(bytes(harmed) + b"\n"):
            assert not parse_line(bytes(harmed)).remarks(), harmed


def test_where_proof_ends_is_the_first_doubtful_line():
    shapes = shape_of({"a": 1})
    good = b'{"a":1}\r\n{ "a" : 22 } \n'
    assert shapes.prove(good) == len(good)
    assert shapes.prove(good + b'{"a":1,"a":1}\n' + good) == len(good)
    assert shapes.prove(b"\n" + good) == 0
    assert shapes.prove(b"\n" + good, 1) == len(good) + 1
    assert shapes.prove(good + b'{"a":1}') == len(good)  # no line feed: not a whole line
    assert shapes.prove(good, len(good)) == len(good)


def test_a_shape_that_would_be_too_large_is_not_made(monkeypatch):
    deep: dict[str, object] = {"a": 1}
    for _ in range(7):
        deep = {"l": [[deep]], "m": [deep]}
    assert shape_of(deep).prove(json.dumps(deep).encode() + b"\n") == 0
    monkeypatch.setattr(shapes_module, "_PATTERN_BYTES", 1000)
    assert shape_of({"a": "", "b": "", "c": ""}).prove(b"{}\n") == 0


def test_a_wide_record_is_still_proven_at_once():
    record = {f"group{g}": {f"field_{g}_{f}": "text" for f in range(100)} for g in range(12)}
    line = json.dumps(record).encode() + b"\n"
    assert shape_of(record).prove(line) == len(line)


def test_places_are_bounded_over_all_records():
    shapes = Shapes()
    for n in range(300):
        shapes.learn({"same": {f"{n}": {f"{m}": 0 for m in range(100)}}})
    with pytest.raises(_NoShape):
        shapes._place.learn({"new": 1}, shapes._budget)
    learned = shapes._place.members["same"][0].members.values()
    assert sum(len(place.members) for place, _seen in learned) < 1700
