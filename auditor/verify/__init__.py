"""Bytes in, proof out: how far each file is sound, and what is wrong with it.

`verify_file` judges one file, `Verifier` many in warm worker processes. Decoders (pyarrow, duckdb,
simdjson, isal) are imported only where a file needs them, never in the process that asks.
"""

from auditor.verify.file import verify_file
from auditor.verify.pool import Verifier
from auditor.verify.reasons import DECODER_REASONS, Reason, reason_of
from auditor.verify.source import Source

__all__ = ["DECODER_REASONS", "Reason", "Source", "Verifier", "reason_of", "verify_file"]
