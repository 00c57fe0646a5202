"""All column chunks of a file, decoded by a few threads; what fails is looked at a second time."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from auditor.verify.parquet_bytes import Readable
from auditor.verify.parquet_decode import ColumnDecoder, Seen
from auditor.verify.parquet_faults import Damage, Refusal, Uncheckable
from auditor.verify.parquet_footer import Chunk, Footer
from auditor.verify.parquet_nest import Path, find_disagreement
from auditor.verify.parquet_pages import Digest, PageWalker
from auditor.verify.parquet_schema import Leaf
from auditor.verify.parquet_second import duckdb_version, is_refused_by_duckdb
from auditor.verify.reasons import Reason

Trouble: TypeAlias = Damage | Refusal | Uncheckable
PROVEN_FAULTS: Final = 10  # so many bad chunks are told one by one
KEPT_TROUBLES: Final = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """One column chunk."""

    number: int  # of the row group
    leaf: Leaf
    chunk: Chunk


@dataclass(slots=True)
class Decoded:
    """What all chunks together showed."""

    digests: dict[tuple[int, int], bytes] = field(default_factory=dict)  # (row group, leaf) -> of the chunk's bytes
    pages: int = 0
    checksummed: int = 0
    unprotected: int = 0
    troubles: list[tuple[Place, Trouble]] = field(default_factory=list)

    bad: int = 0  # troubles in all: only some are kept

    def add(self, place: Place, trouble: Trouble) -> None:
        self.bad += 1
        if len(self.troubles) < KEPT_TROUBLES:
            self.troubles.append((place, trouble))

    def note(self, place: Place, seen: Seen) -> None:
        self.digests[place.number, place.leaf.index] = seen.digest
        self.pages += seen.pages
        self.checksummed += seen.checksummed
        self.unprotected += seen.unprotected


@dataclass(slots=True)
class Judged:
    """What is left of the troubles after the second look."""

    damages: list[Damage] = field(default_factory=list)
    uncheckables: list[Uncheckable] = field(default_factory=list)
    cleared: int = 0  # chunks that were clean the second time


def decode_all(source: Readable, footer: Footer, metadata: Any, threads: int) -> Decoded:
    """Decode each chunk once. Raises DestinationError; all else is noted with its place."""
    return _FirstLook(source, footer, metadata).run(threads)


class _FirstLook:
    def __init__(self, source: Readable, footer: Footer, metadata: Any) -> None:
        self._source = source
        self._footer = footer
        self._metadata = metadata
        self._places = (Place(*place) for place in footer.list_chunks())
        self._sizes = Counter(leaf.top for leaf in footer.schema.leaves)
        self._families: dict[tuple[int, int], list[tuple[Place, dict[Path, tuple[int, ...]]]]] = {}
        self._lock = threading.Lock()
        self._stop = False
        self._result = Decoded()

    def run(self, threads: int) -> Decoded:
        with ThreadPoolExecutor(threads, thread_name_prefix="column") as pool:
            tasks = [pool.submit(self._work) for _ in range(threads)]
        for task in tasks:
            task.result()
        self._result.troubles.sort(key=lambda trouble: (trouble[0].number, trouble[0].leaf.index))
        return self._result

    def _work(self) -> None:
        decoder = ColumnDecoder(self._source, self._footer, self._metadata)
        try:
            while (place := self._next()) is not None:
                self._look_at(decoder, place)
        finally:
            self._stop = True  # no place is left, or the destination gave up

    def _next(self) -> Place | None:
        with self._lock:
            return None if self._stop else next(self._places, None)

    def _look_at(self, decoder: ColumnDecoder, place: Place) -> None:
        trouble: Trouble | None = None
        seen: Seen | None = None
        try:
            seen = decoder.decode(place.number, place.leaf, place.chunk)
        except (Damage, Refusal, Uncheckable) as caught:
            trouble = caught
            # The frames behind it hold a piece of the file each: a file of bad chunks must not stay in memory.
            trouble.__traceback__ = trouble.__context__ = None
        with self._lock:
            if seen is not None:
                self._result.note(place, seen)
            elif trouble is not None:
                self._result.add(place, trouble)
            self._join_siblings(place, seen.nesting if seen else {})

    def _join_siblings(self, place: Place, nesting: dict[Path, tuple[int, ...]]) -> None:
        """Once the last column under a top-level field is there, compare them in order, then forget them."""
        family = place.number, place.leaf.top
        members = self._families.setdefault(family, [])
        members.append((place, nesting))
        if len(members) < self._sizes[place.leaf.top]:
            return
        known: dict[Path, tuple[int, ...]] = {}
        for member, levels in sorted(members, key=lambda one: one[0].leaf.index):
            if find_disagreement(known, levels) is not None:
                self._result.add(member, _siblings_disagree())
        del self._families[family]


def _siblings_disagree() -> Damage:
    return Damage("file-corrupt", "Columns under one parent disagree on how many elements or nulls it has.")


class SecondLook:
    """Judges what the first look found, each time from bytes that are read anew."""

    def __init__(self, source: Readable, footer: Footer, metadata: Any) -> None:
        self._source = source
        self._footer = footer
        self._metadata = metadata
        self._duckdb: dict[int, bool] = {}  # top-level column -> refused

    def judge(self, first: Decoded) -> Judged:
        """Look again at each troubled chunk until enough damage is proven. Raises DestinationError."""
        judged = Judged()
        for place, trouble in first.troubles:
            if len(judged.damages) >= PROVEN_FAULTS:
                break
            try:
                first.note(place, self._confirm(place, trouble))
                judged.cleared += 1
            except Damage as damage:
                judged.damages.append(damage.placed(row_group=place.number, column=place.leaf.name))
            except Uncheckable as uncheckable:
                uncheckable.evidence = {
                    "row_group": place.number,
                    "column": place.leaf.name,
                    **uncheckable.evidence,
                }
                judged.uncheckables.append(uncheckable)
        if first.bad > len(first.troubles) and not judged.damages:
            message = "More column chunks are in trouble than are looked at twice."
            judged.uncheckables.append(
                Uncheckable(Reason.DECODER_LIMIT, message, chunks=first.bad, limit=KEPT_TROUBLES)
            )
        return judged

    def _confirm(self, place: Place, first: Trouble) -> Seen:
        """What the chunk shows this time. Raises Damage if proven, else Uncheckable."""
        if isinstance(first, Refusal):
            self._look_inside(place, first)
        try:
            return self._look(place)
        except Refusal as second:
            if isinstance(first, Damage) or (isinstance(first, Refusal) and first.digest != second.digest):
                raise _reads_disagree(first.message, second.message) from None
            raise self._ask_second_decoder(place, second) from None
        except Damage as second:
            if isinstance(first, Damage) and second.identity != first.identity:
                raise _reads_disagree(first.message, second.message) from None
            if isinstance(first, Uncheckable):
                raise _reads_disagree(first.message, second.message) from None
            raise

    def _look(self, place: Place) -> Seen:
        """Decode the chunk and, for they must agree, those of its siblings."""
        decoder = ColumnDecoder(self._source, self._footer, self._metadata)
        seen = decoder.decode(place.number, place.leaf, place.chunk)
        known = dict(seen.nesting)
        for leaf, chunk in self._list_siblings(place) if known else ():
            try:
                other = decoder.decode(place.number, leaf, chunk)
            except (Damage, Refusal, Uncheckable):
                continue  # has its own trouble
            if find_disagreement(known, other.nesting) is not None:
                raise _siblings_disagree()
        return seen

    def _list_siblings(self, place: Place) -> Iterator[tuple[Leaf, Chunk]]:
        chunks = self._footer.row_groups[place.number].chunks
        for leaf, chunk in zip(self._footer.schema.leaves, chunks, strict=True):
            if leaf.top == place.leaf.top and leaf.index != place.leaf.index:
                yield leaf, chunk

    def _look_inside(self, place: Place, refusal: Refusal) -> None:
        """Walk the chunk without a decoder, each page unpacked: a checksum or length may prove what was refused."""
        try:
            self._walk_inside(place)
        except Damage as damage:
            if self._digest(place) != refusal.digest:  # of bytes that come otherwise each time nothing is proven
                raise _reads_disagree(refusal.message, damage.message) from None
            raise

    def _digest(self, place: Place) -> bytes:
        digest = Digest()
        with self._source.stream(place.chunk.start, place.chunk.compressed_size) as raw:
            while piece := raw.read(1 << 20):
                digest.add(piece)
        return digest.result()

    def _walk_inside(self, place: Place) -> None:
        rows = self._footer.row_groups[place.number].num_rows
        walker = PageWalker(place.leaf, place.chunk, rows=rows, all_inside=True, padding=self._footer.padding)
        with self._source.stream(place.chunk.start, place.chunk.compressed_size) as raw:
            while piece := raw.read(1 << 20):
                walker.feed(piece)
        walker.finish()

    def _ask_second_decoder(self, place: Place, refusal: Refusal) -> Damage | Uncheckable:
        top = place.leaf.top
        if top not in self._duckdb:
            self._duckdb[top] = is_refused_by_duckdb(self._source, self._footer, top, refusal.decoder)
        versions = {"decoder": refusal.decoder, "said": refusal.message, "second_decoder": duckdb_version()}
        if self._duckdb[top]:
            return Damage("file-corrupt", "Two decoders refuse this column.", offset=place.chunk.start, **versions)
        return Uncheckable(
            Reason.ONE_DECODER_REFUSED, "One decoder refuses this column, another reads all its rows.", **versions
        )


def _reads_disagree(first: str, second: str) -> Uncheckable:
    return Uncheckable(
        Reason.READS_DISAGREE, "Two reads showed two different faults: no proof.", first=first, second=second
    )
