"""The second decoder, DuckDB, asked only about columns that the first one refused.

It reads a sparse copy: the footer and the chunks of the refused column stand at their places, the rest
are holes. So a refused column of a large file costs the column's size on disk, not the file's.
"""

import functools
import tempfile
from pathlib import Path
from typing import Any, Final

from auditor.verify.parquet_bytes import Readable
from auditor.verify.parquet_faults import Uncheckable
from auditor.verify.parquet_footer import Footer
from auditor.verify.parquet_spec import MAGIC
from auditor.verify.reasons import Reason

COPY_LIMIT: Final = 1 << 30  # bytes copied to a temporary file for the second decoder
_PIECE: Final = 1 << 20
_MEMORY: Final = "256MB"
_UNSUPPORTED_WORDS: Final = ("not supported", "unsupported", "not implemented")


def is_refused_by_duckdb(source: Readable, footer: Footer, top: int, refused_by: str) -> bool:
    """Whether DuckDB, too, refuses the top-level column number `top`; False: it read all its rows.

    Raises: Uncheckable (one-decoder-refused) where it cannot be asked, DestinationError.
    """
    wanted = sum(c.compressed_size for _, leaf, c in footer.list_chunks() if leaf.top == top)
    if wanted > COPY_LIMIT:
        raise _not_asked(refused_by, f"{wanted} bytes are more than are copied for a second opinion")
    with tempfile.TemporaryDirectory(prefix="export-auditor-") as folder:
        copy = Path(folder) / "column.parquet"
        _copy_column(source, footer, top, copy)
        return _ask(copy, footer, top, refused_by)


def _copy_column(source: Readable, footer: Footer, top: int, copy: Path) -> None:
    with copy.open("wb") as file:
        file.write(MAGIC)
        for _, leaf, chunk in footer.list_chunks():
            if leaf.top != top or not chunk.compressed_size:
                continue
            file.seek(chunk.start)
            with source.stream(chunk.start, chunk.compressed_size) as raw:
                while piece := raw.read(_PIECE):
                    file.write(piece)
        file.seek(footer.start)
        file.write(footer.raw + len(footer.raw).to_bytes(4, "little") + MAGIC)


def _ask(copy: Path, footer: Footer, top: int, refused_by: str) -> bool:
    import duckdb

    name = next(leaf.path[0] for leaf in footer.schema.leaves if leaf.top == top)
    column = '"' + name.replace('"', '""') + '"'
    config: dict[str, Any] = {
        "threads": 1,
        "memory_limit": _MEMORY,
        "temp_directory": str(copy.parent),
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(config=config)
    try:
        counted = connection.execute(
            f"SELECT count(*), bit_xor(hash({column})) FROM read_parquet(?)",  # noqa: S608 - an identifier, quoted
            [str(copy)],
        ).fetchone()
    except (duckdb.NotImplementedException, duckdb.OutOfMemoryException, duckdb.BinderException) as error:
        raise _not_asked(refused_by, type(error).__name__) from None
    except duckdb.Error as error:
        # Its message may quote a value: only its kind is told.
        if any(word in str(error).lower() for word in _UNSUPPORTED_WORDS):
            raise _not_asked(refused_by, type(error).__name__) from None
        return True
    finally:
        connection.close()
    return counted is None or counted[0] != footer.num_rows


def _not_asked(refused_by: str, why: str) -> Uncheckable:
    return Uncheckable(
        Reason.ONE_DECODER_REFUSED,
        "One decoder refuses the file and no second one could be asked.",
        refused_by=refused_by,
        not_asked=why,
        second=duckdb_version(),
    )


@functools.cache
def duckdb_version() -> str:
    """Name and version of the second decoder."""
    import duckdb

    return f"duckdb {duckdb.__version__}"
