"""Bytes in, proof out: how far each file is sound, and what is wrong with it.

`verify_file` judges one file, `Verifier` many in warm worker processes. Decoders (pyarrow, duckdb,
simdjson, isal) are imported only where a file needs them, never in the process that asks.
"""
