"""Decoded chunks in, judged lines out: the records of one NDJSON text.

Lines are quickly called good, many at a time, when their shape proves it (see shapes). Every other line is judged
with care, and what the fast parsers refuse is judged by the strict parser alone: the answer never depends on
the path (`fast=False` walks the slow one throughout).
"""

import json
from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.verify.names import JSON_SPACE, UTF8_BOM
from auditor.verify.shapes import Shapes
from auditor.verify.strict import Judgement, NotAnObject, parse_line

__all__ = ["LINE_LIMIT", "BadLine", "LineJudge", "LineTooLong"]

LINE_LIMIT: Final = 16 * 1024 * 1024  # bytes; DuckDB's default for one object is the same
LONG_LINE: Final = 1024 * 1024  # longer ones go to the strict parser, which needs less memory
BAD_LINES_LIMIT: Final = 1000  # behind that many the rest is not judged any more
BAD_LINES_NAMED: Final = 10
BLOCKS_AHEAD: Final = 4  # handed to helpers before they are judged here: bounds memory

_REFUSALS: Final = (ValueError, RuntimeError)  # what pysimdjson raises, by kind of error


class LineTooLong(Exception):
    """A line longer than LINE_LIMIT: more than we hold in memory."""

    def __init__(self, line: int, offset: int) -> None:
        super().__init__(f"line {line} is longer than {LINE_LIMIT} bytes")
        self.line = line
        self.offset = offset


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not one JSON object. Offsets count decoded bytes from 0, lines from 1."""

    line: int
    starts_at: int
    offset: int
    what: str
    unclosed: bool


@dataclass(slots=True)
class Remarks:
    """What is unusual and no fault: how many lines, and the first of them."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def add(self, remark: str, line: int) -> None:
        self.counts[remark] = self.counts.get(remark, 0) + 1
        self.first.setdefault(remark, line)


class LineJudge:
    """Takes decoded chunks with `feed`, then `finish`; holds counts, remarks and bad lines.

    With `helpers`, their threads prove the next chunks while this one judges what they could not prove; what it
    holds is then complete after `settle` or `finish`.
    """

    def __init__(self, shapes: Shapes, *, fast: bool = True, helpers: Executor | None = None) -> None:
        self._shapes = shapes
        self._fast = fast
        self._helpers = helpers
        self._ahead: deque[tuple[bytes, Future[int]]] = deque()
        self._parts: list[bytes] = []  # the line that is not complete yet
        self._pending = 0
        self._offset = 0  # of the next line
        self._line = 1  # number of the next line
        self._start = b""  # the first three bytes, until there are three
        self._started = False
        self.records = 0
        self.bad: list[BadLine] = []  # the first of them
        self.bad_lines = 0
        self.last_bad: BadLine | None = None
        self.final_newline = True
        self.byte_order_mark = False
        self.remarks = Remarks()
        if fast:
            import simdjson

            self._object_type = simdjson.Object
            self._parser = simdjson.Parser()

    @property
    def gave_up(self) -> bool:
        """Too many bad lines: the rest is read, but not judged."""
        return self.bad_lines >= BAD_LINES_LIMIT

    def feed(self, chunk: bytes) -> None:
        """Take the next decoded bytes. Raises LineTooLong."""
        if not self._started:
            chunk = self._without_mark(chunk)
        if self.gave_up:
            return
        cut = chunk.rfind(b"\n") + 1
        if cut:
            self._take_block(b"".join((*self._parts, memoryview(chunk)[:cut])))
            self._parts, self._pending = [], 0
            chunk = chunk[cut:]
        if chunk:
            self._parts.append(chunk)
            self._pending += len(chunk)
            if self._pending > LINE_LIMIT:
                self.settle()
                raise LineTooLong(self._line, self._offset)

    def finish(self) -> None:
        """The text is at its end: judge a last line without a line feed."""
        self.settle()
        if not self._started:
            self._started = True
            self._parts = [self._start] if self._start else []
        if self._parts and not self.gave_up:
            self.final_newline = False
            block = b"".join((*self._parts, b"\n"))
            self._judge_block(block, self._prove(block, 0))
            self._parts = []

    def settle(self) -> None:
        """Judge all whole lines that were fed."""
        while self._ahead:
            self._settle_first()

    @property
    def cut_record(self) -> BadLine | None:
        """The last line, if it has no line feed and only lacks its end."""
        last = self.last_bad
        return last if last and last.unclosed and not self.final_newline and last.line == self._line - 1 else None

    def _without_mark(self, chunk: bytes) -> bytes:
        """A byte order mark is taken off the beginning of the text, and there only."""
        chunk, self._start = self._start + chunk, b""
        if len(chunk) < len(UTF8_BOM) and UTF8_BOM.startswith(chunk):
            self._start = chunk
            return b""
        self._started = True
        if chunk.startswith(UTF8_BOM):
            self.byte_order_mark = True
            self._offset = len(UTF8_BOM)
            return chunk[len(UTF8_BOM) :]
        return chunk

    # --- judging ---

    def _take_block(self, block: bytes) -> None:
        if self._helpers and self._fast and len(block) <= LONG_LINE:  # longer ones one at a time: bounds memory
            self._ahead.append((block, self._helpers.submit(self._shapes.prove, block)))
            if len(self._ahead) > BLOCKS_AHEAD:
                self._settle_first()
        else:
            self.settle()
            self._judge_block(block, self._prove(block, 0))

    def _settle_first(self) -> None:
        block, proven = self._ahead.popleft()
        self._judge_block(block, proven.result())

    def _prove(self, block: bytes, start: int) -> int:
        return self._shapes.prove(block, start) if self._fast else start

    def _judge_block(self, block: bytes, proven: int) -> None:
        """Judge whole lines, of which those that end at `proven` or before are known to be good."""
        at = 0
        while not self.gave_up:
            good = block.count(b"\n", at, proven)
            self.records += good
            self._line += good
            at = proven
            if at == len(block):
                break
            end = block.index(b"\n", at)
            self._judge_with_care(block[at:end], self._offset + at)
            self._line += 1
            at = end + 1
            proven = self._prove(block, at)
        self._offset += len(block)

    def _judge_with_care(self, line: bytes, starts_at: int) -> None:
        number = self._line
        if not line.strip(JSON_SPACE):
            self.remarks.add("blank_lines", number)
            return
        try:
            judgement = self._judge_quickly(line) or parse_line(line)
        except NotAnObject as error:
            self._add_bad(BadLine(number, starts_at, starts_at + error.at, error.what, error.unclosed))
            return
        self.records += 1
        for remark in judgement.remarks():
            self.remarks.add(remark, number)

    def _judge_quickly(self, line: bytes) -> Judgement | None:
        """What two parsers in C can say. None: only the strict parser can."""
        if not self._fast or len(line) > LONG_LINE or line.startswith(UTF8_BOM):
            return None
        names = _Names()
        try:
            if type(self._parser.parse(line)) is not self._object_type:
                return None
            record = json.loads(line.decode("utf-8"), object_pairs_hook=names.take)
        except (*_REFUSALS, RecursionError):
            return None
        if not names.repeated:
            self._shapes.learn(record)
        return Judgement(duplicate_names=names.repeated)

    def _add_bad(self, bad: BadLine) -> None:
        self.bad_lines += 1
        self.last_bad = bad
        if len(self.bad) < BAD_LINES_NAMED:
            self.bad.append(bad)


class _Names:
    """Builds objects and notices a name that is given twice in one of them."""

    def __init__(self) -> None:
        self.repeated = False

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        self.repeated |= len(members) != len(pairs)
        return members
