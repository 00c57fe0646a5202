"""How far one Parquet file is sound.

L2 reads the footer alone and compares its counts and extents. L3 reads every byte, walks each page
(checksums, sizes, encodings, counts), decodes each value and compares what must agree between siblings.
What no check can see is told in docs/verification-parquet.md.
"""

import hashlib
from collections.abc import Iterator
from typing import Final, NoReturn

from auditor.model import Compression, Content, EvidenceValue, Fault, FileCheck, FileFormat, Level
from auditor.verify.parquet_bytes import HeldBytes, Readable
from auditor.verify.parquet_faults import Damage, Refusal, Uncheckable
from auditor.verify.parquet_footer import Footer, codec_name, read_footer
from auditor.verify.parquet_spec import MAGIC, MAGIC_ENCRYPTED, Codec
from auditor.verify.reasons import Reason
from auditor.verify.source import Source

__all__ = ["check_parquet", "is_parquet_magic"]

HELD_BYTES: Final = 8 << 20  # a file up to this size is read in one request
THREADS: Final = 2  # columns decoded at once; each takes about 20 MB
_PIECE: Final = 1 << 20


def is_parquet_magic(four: bytes) -> bool:
    """Whether `four`, the first or last four bytes of a file, are those of Parquet (encrypted included)."""
    return four in (MAGIC, MAGIC_ENCRYPTED)


def check_parquet(source: Source, level: Level, *, threads: int = THREADS) -> FileCheck:
    """Judge the file behind `source` up to `level` (L2 or L3; more is another's work).

    Raises: DestinationError where the bytes cannot be had. A fault is told only if a second,
    independent read shows it again.
    """
    return _Check(source, level, threads).run()


class _Check:
    def __init__(self, source: Source, level: Level, threads: int) -> None:
        self.source = source
        self.bytes: Readable = source  # or all of a small file, read in one request
        self.level = level
        self.threads = threads
        self.passed = Level.L1
        self.footer: Footer | None = None
        self.facts: dict[str, EvidenceValue] = {}
        self.digest = ""

    def run(self) -> FileCheck:
        try:
            self.footer = self._read_footer()
            self.facts |= _facts_of(self.footer)
            self.passed = Level.L2
            if self.level >= Level.L3:
                self._decode(self.footer)
                self.passed = Level.L3
        except Damage as damage:
            return self._answer(Content.DAMAGED, [damage.fault()])
        except _Damages as damages:
            return self._answer(Content.DAMAGED, damages.faults)
        except Uncheckable as uncheckable:
            fault = Fault(
                "file-unverifiable", uncheckable.message, {"reason": str(uncheckable.reason), **uncheckable.evidence}
            )
            return self._answer(Content.UNVERIFIABLE, [fault], reason=uncheckable.reason)
        return self._answer(Content.SOUND, list(_find_remarks(self.footer)))

    def _read_footer(self) -> Footer:
        """The footer; a fault only if it shows twice."""
        if self.level >= Level.L3 and self.source.size <= HELD_BYTES:
            self.bytes = HeldBytes(self.source.read_at(0, self.source.size))
        try:
            return read_footer(self.bytes)
        except (Damage, Uncheckable) as first:
            footer = _read_again(self.source, first)
            self.facts["second_read"] = "clean"
            return footer

    def _decode(self, footer: Footer) -> None:
        # Here, not above: the parent process and checks of level L2 never load the decoders.
        from auditor.verify.parquet_chunks import SecondLook, decode_all
        from auditor.verify.parquet_decode import arrow_version, read_arrow_metadata, use_lean_memory

        use_lean_memory()
        try:
            metadata = read_arrow_metadata(footer)
        except Refusal as refusal:
            raise Uncheckable(
                Reason.ONE_DECODER_REFUSED, "Arrow refuses the footer.", decoder=refusal.decoder, said=refusal.message
            ) from None
        self.facts["decoder"] = arrow_version()
        decoded = decode_all(self.bytes, footer, metadata, self.threads)
        judged = SecondLook(self.source, footer, metadata).judge(decoded)
        if judged.cleared:
            self.facts["second_read"] = "clean"
        if judged.damages:
            self.facts["bad_chunks"] = decoded.bad
            raise _Damages([damage.fault() for damage in judged.damages])
        if judged.uncheckables:
            raise judged.uncheckables[0]
        self.facts["other_bytes"] = _read_rest(self.bytes, footer)
        self.facts["pages"] = decoded.pages
        self.facts["page_checksums"] = _share(decoded.checksummed, decoded.pages)
        self.facts["unprotected_pages"] = decoded.unprotected
        self.digest = _digest(footer, decoded.digests)

    def _answer(self, content: Content, faults: list[Fault], reason: str = "") -> FileCheck:
        footer = self.footer
        return FileCheck(
            key=self.source.file.key,
            content=content,
            level=self.passed,
            format=FileFormat.PARQUET,
            compression=_compression(footer, self.source.file.name) if footer else None,
            records=footer.num_rows if footer and content is Content.SOUND else None,
            bytes_read=self.source.bytes_read,
            faults=tuple(faults),
            reason=str(reason),
            digest=self.digest,
            schema=footer.schema.text if footer else "",
            facts=self.facts,
        )


def _find_remarks(footer: Footer) -> Iterator[Fault]:
    if not footer.num_rows:
        yield Fault("file-no-records", "The file holds no records.")


class _Damages(Exception):
    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def _read_again(source: Source, first: Damage | Uncheckable) -> Footer:
    try:
        return read_footer(source)
    except Damage as second:
        if isinstance(first, Uncheckable) or second.identity != first.identity:
            _raise_disagreement(first, second)
        raise


def _raise_disagreement(first: Damage | Uncheckable, second: Damage) -> NoReturn:
    raise Uncheckable(
        Reason.READS_DISAGREE,
        "Two reads showed two different faults: no proof.",
        first=first.message,
        second=second.message,
    )


def _facts_of(footer: Footer) -> dict[str, EvidenceValue]:
    codecs = sorted({chunk.codec for _, _, chunk in footer.list_chunks()})
    return {
        "codecs": [codec_name(codec) for codec in codecs],
        "created_by": footer.created_by[:200],
        "row_groups": len(footer.row_groups),
        "columns": len(footer.schema.leaves),
        "footer_bytes": len(footer.raw),
    }


def _compression(footer: Footer, name: str) -> Compression | None:
    """Experience Platform's two words: gzip pages, or anything else (Snappy is its "none").

    Spark writes files without any page for empty partitions: they contradict no name.
    """
    codecs = {chunk.codec for _, _, chunk in footer.list_chunks()}
    if not codecs:
        return Compression.GZIP if name.lower().endswith(".gz.parquet") else None
    return Compression.GZIP if Codec.GZIP in codecs else Compression.NONE


def _share(part: int, whole: int) -> str:
    return "none" if not part else "all" if part == whole else "some"


def _digest(footer: Footer, digests: dict[tuple[int, int], bytes]) -> str:
    """The same for files with the same schema and the same bytes of data, chunk by chunk.

    64 bits of checksum a chunk: enough against chance, no evidence against intent.
    """
    total = hashlib.sha256(footer.schema.text.encode("utf-8", "surrogatepass"))
    for number, group in enumerate(footer.row_groups):
        total.update(b"group %d" % group.num_rows)
        for leaf in footer.schema.leaves:
            total.update(digests[number, leaf.index])
    return f"parquet-1:{total.hexdigest()}"


def _read_rest(source: Readable, footer: Footer) -> int:
    """Read what lies between the chunks (page indexes, Bloom filters, padding) and count it."""
    extents = sorted((c.start, c.end) for _, _, c in footer.list_chunks() if c.compressed_size)
    position, rest = len(MAGIC), 0
    for start, end in [*extents, (footer.start, footer.start)]:
        if start > position:
            with source.stream(position, start - position) as raw:
                while piece := raw.read(_PIECE):
                    rest += len(piece)
        position = end
    return rest
