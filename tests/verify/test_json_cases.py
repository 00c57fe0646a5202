"""Every edge case of the JSON rules, decided once: plain and packed, fast path and slow path say the same."""

import pytest

from auditor.model import Content, FileFormat, Level
from auditor.verify.ndjson import read_ndjson
from auditor.verify.shapes import Shapes
from auditor.verify.source import Source
from tests.scan.memory import MemoryAdapter
from tests.verify.checking import TEXT, check, codes, packed, stored

BOM = b"\xef\xbb\xbf"
SOUND = [  # told, text, records, facts
    ("lines end with LF", TEXT, 2, {}),
    ("or with CRLF", b'{"a":1}\r\n{"b":2}\r\n', 2, {}),
    ("no line feed after the last record", TEXT[:-1], 2, {"final_newline": False}),
    ("white space around an object", b' \t{"a":1} \r\n', 1, {}),
    ("an empty object", b"{}\n", 1, {}),
    (
        "blank lines are passed over and counted",
        b'\n{"a":1}\n \r\n\n',
        1,
        {"blank_lines": 3, "blank_lines_first_line": 1},
    ),
    ("a byte order mark at the very beginning", BOM + TEXT, 2, {"byte_order_mark": True}),
    ("a mark and nothing else", BOM, 0, {"byte_order_mark": True}),
    ("duplicate names", b'{"a":1}\n{"a":1,"a":2}\n', 2, {"duplicate_names": 1, "duplicate_names_first_line": 2}),
    ("duplicate names far inside", b'{"x":[{"y":{"a":1,"b":2,"a":3}}]}\n', 1, {"duplicate_names": 1}),
    ("duplicate names written differently", b'{"a":1,"\\u0061":2}\n', 1, {"duplicate_names": 1}),
    ("the same name in two objects is no duplicate", b'{"a":{"a":1},"b":{"a":2}}\n', 1, {"duplicate_names": None}),
    ("an integer of 2^64", b'{"a":18446744073709551616}\n', 1, {"huge_numbers": 1}),
    ("an integer of 2^64 - 1", b'{"a":18446744073709551615}\n', 1, {"huge_numbers": None}),
    ("an integer below -2^63", b'{"a":-9223372036854775809}\n', 1, {"huge_numbers": 1}),
    ("an integer of 10,000 digits", b'{"a":' + b"7" * 10_000 + b"}\n", 1, {"huge_numbers": 1}),
    ("a fraction that overflows a double", b'{"a":-1e999}\n', 1, {"huge_numbers": 1}),
    ("a fraction that is next to nothing", b'{"a":1e-999}\n', 1, {"huge_numbers": None}),
    ("half a surrogate pair", b'{"a":"\\ud800"}\n', 1, {"lone_surrogates": 1}),
    ("the other half, in a name", b'{"\\udc00":1}\n', 1, {"lone_surrogates": 1}),
    ("a whole surrogate pair", b'{"a":"\\ud83d\\ude00"}\n', 1, {"lone_surrogates": None}),
    ("nested as deep as readers like it", b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}\n", 1, {"deep_nesting": None}),
    ("nested 100,000 levels deep", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", 1, {"deep_nesting": 1}),
    ("objects nested 30,000 levels deep", b'{"a":' * 30_000 + b"1" + b"}" * 30_000 + b"\n", 1, {"deep_nesting": 1}),
    ("an escaped NUL", b'{"a":"\\u0000"}\n', 1, {}),
    ("DEL and U+2028 as they are", '{"a":"\x7f\u2028"}\n'.encode(), 1, {}),
]

INVALID = [  # told, text, line, offset, words
    ("an array", b"[1]\n", 1, 0, "is not an object"),
    ("one array instead of lines", b'[\n{"a":1},\n{"a":2}\n]\n', 1, 0, "is not an object"),
    ("null", TEXT + b"null\n", 3, 20, "is not an object"),
    ("a number", b"7\n", 1, 0, "is not an object"),
    ("a string", b'"x"\n', 1, 0, "is not an object"),
    ("two records on a line", b'{"a":1} {"a":2}\n', 1, 8, "more than one value"),
    ("two records with a lone CR between", b'{"a":1}\r{"a":2}\n', 1, 8, "more than one value"),
    ("a trailing comma", b'{"a":1,}\n', 1, 7, "lacks a name"),
    ("NaN", b'{"a":NaN}\n', 1, 5, "no JSON value"),
    ("Infinity", b'{"a":-Infinity}\n', 1, 6, "not valid"),
    ("a leading zero", b'{"a":01}\n', 1, 6, "lacks a comma"),
    ("a plus sign", b'{"a":+1}\n', 1, 5, "no JSON value"),
    ("a fraction without digits", b'{"a":1.}\n', 1, 7, "not valid"),
    ("single quotation marks", b"{'a':1}\n", 1, 1, "lacks a name"),
    ("an unknown escape", b'{"a":"\\x41"}\n', 1, 7, "unknown escape"),
    ("a raw control character", b'{"a":"\x01"}\n', 1, 6, "control character"),
    ("a raw NUL behind the object", b'{"a":1}\x00\n', 1, 7, "more than one value"),
    ("a byte that is not UTF-8", TEXT + b'{"a":"\xff"}\n', 3, 26, "UTF-8"),
    ("an overlong encoding", b'{"a":"\xc0\xaf"}\n', 1, 6, "UTF-8"),
    ("a surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}\n', 1, 6, "UTF-8"),
    ("a byte order mark on a later line", TEXT + BOM + TEXT, 3, 20, "is not an object"),
    ("two byte order marks", BOM + BOM + TEXT, 1, 3, "is not an object"),
    ("a comment", b'{"a":1} // x\n', 1, 8, "more than one value"),
    ("an unclosed object before a line feed", b'{"a":{"b":1}\n' + TEXT, 1, 12, "ends inside"),
    ("a record over two lines", b'{"a":1,\n"b":2}\n', 1, 7, "ends inside"),
    ("a value that is not closed, 50,000 levels deep", b'{"a":' * 50_000 + b"\n", 1, 250_000, "ends inside"),
]

CUT = [  # told, the last line
    ("in a name", b'{"a'),
    ("behind a name", b'{"a"'),
    ("behind a colon", b'{"a":'),
    ("in a word", b'{"a":tr'),
    ("in a number", b'{"a":-'),
    ("behind a number", b'{"a":12'),
    ("in a string", b'{"a":"xy'),
    ("in an escape", b'{"a":"\\u12'),
    ("in a character", b'{"a":"\xc3'),
    ("behind a comma", b'{"a":1,'),
    ("in an array 100,000 levels deep", b'{"a":' + b"[" * 100_000),
]


def ids(cases):
    return [case[0] for case in cases]


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("told, text, records, facts", SOUND, ids=ids(SOUND))
def test_what_is_sound(told, text, records, facts, pack):
    said = check(packed(text) if pack else text, "x.json.gz" if pack else "x.json")
    assert (said.content, said.level, said.records, said.format) == (Content.SOUND, Level.L3, records, FileFormat.JSON)
    assert codes(said) == ([] if records else ["file-no-records"])
    assert {name: said.facts.get(name) for name in facts} == facts


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("told, text, line, offset, words", INVALID, ids=ids(INVALID))
def test_what_is_no_record(told, text, line, offset, words, pack):
    said = check(packed(text) if pack else text, "x.json.gz" if pack else "x.json")
    assert (said.content, said.level) == (Content.DAMAGED, Level.L2)
    assert codes(said)[0] == "record-invalid"
    fault = said.faults[0]
    assert (fault.evidence["line"], fault.evidence["offset"]) == (line, offset)
    assert words in fault.message


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("told, end", CUT, ids=ids(CUT))
def test_a_text_that_ends_inside_a_record_is_truncated(told, end, pack):
    text = TEXT + end
    said = check(packed(text) if pack else text, "x.json.gz" if pack else "x.json")
    assert (said.content, codes(said)) == (Content.DAMAGED, ["file-truncated"])
    assert said.faults[0].evidence == {
        "line": 3,
        "line_starts_at": 20,
        "offset": 20 + _bad_at(end),
        "records_readable": 2,
    }


def _bad_at(end: bytes) -> int:
    return 6 if end.endswith(b"\xc3") else 6 if end.endswith(b"-") else len(end)


@pytest.mark.parametrize("told, text", [case[:2] for case in (*SOUND, *INVALID)], ids=ids((*SOUND, *INVALID)))
def test_the_slow_path_says_the_same_as_the_fast_one(told, text):
    adapter = MemoryAdapter({"x.json": text})
    file = stored(adapter, "x.json")
    fast, slow = (read_ndjson(Source(adapter, file), Shapes(), fast=fast).judge for fast in (True, False))
    assert (fast.records, fast.bad, fast.bad_lines, fast.remarks) == (
        slow.records,
        slow.bad,
        slow.bad_lines,
        slow.remarks,
    )


def test_a_bad_record_is_told_with_place_number_and_what_is_left_and_without_its_contents():
    lines = [b'{"n":%d}' % n for n in range(5000)]
    lines[3912] = b'{"secret":"hunter2\xff"}'
    lines[4000] = b'{"secret":"hunter2"'
    said = check(packed(b"\n".join(lines) + b"\n"))
    assert said.records == 4998
    assert said.faults[0].message == "Line 3913 is not valid UTF-8."
    assert said.faults[0].evidence["bad_lines"] == 2
    assert said.faults[0].evidence["bad_lines_first"] == [3913, 4001]
    assert said.faults[0].evidence["rest_readable"] is True
    assert "hunter2" not in repr(said)


def test_after_a_thousand_bad_lines_the_rest_is_not_judged_and_that_is_said():
    said = check(b"nope\n" * 5000, "x.json")
    assert said.content is Content.DAMAGED
    assert (said.faults[0].evidence["bad_lines"], said.faults[0].evidence["rest_readable"]) == (1000, None)
    assert len(said.faults[0].evidence["bad_lines_first"]) == 10
    assert said.records is None


def test_a_line_beyond_the_limit_is_neither_good_nor_bad(monkeypatch):
    monkeypatch.setattr("auditor.verify.lines.LINE_LIMIT", 1000)
    monkeypatch.setattr("auditor.verify.ndjson.TEXT_BYTES", 100)
    said = check(TEXT + b'{"a":"' + b"x" * 5000 + b'"}\n' + TEXT, "x.json")
    assert (said.content, said.reason, codes(said)) == (Content.UNVERIFIABLE, "decoder-limit", ["file-unverifiable"])
    assert said.faults[0].evidence["line"] == 3
    assert said.faults[0].evidence["decoder"]


def test_a_bad_line_before_a_line_beyond_the_limit_stays_damage(monkeypatch):
    monkeypatch.setattr("auditor.verify.lines.LINE_LIMIT", 1000)
    monkeypatch.setattr("auditor.verify.ndjson.TEXT_BYTES", 100)
    said = check(b"[]\n" + b'{"a":"' + b"x" * 5000 + b'"}\n', "x.json")
    assert (said.content, codes(said)) == (Content.DAMAGED, ["record-invalid"])
    assert said.faults[0].evidence["rest_readable"] is None


def test_a_record_of_some_megabytes_is_read():
    text = TEXT + b'{"a":"' + b"x" * 3_000_000 + b'","b":' + b"[1,2]" + b"}\n" + TEXT
    assert check(packed(text)).records == 5
    assert check(packed(text.replace(b"[1,2]", b"[1,2"))).content is Content.DAMAGED
