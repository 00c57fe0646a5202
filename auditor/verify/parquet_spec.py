"""The structs of Parquet's footer and page headers, as far as they exist.

Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (2.12)
"""

from enum import IntEnum
from typing import Final

from auditor.verify.parquet_thrift import BINARY, BOOL, BYTE, DOUBLE, I16, I32, I64, LIST, STRUCT, Field, Struct

MAGIC: Final = b"PAR1"
MAGIC_ENCRYPTED: Final = b"PARE"  # the footer itself is encrypted


class Physical(IntEnum):
    """`Type`: how values are stored."""

    BOOLEAN = 0
    INT32 = 1
    INT64 = 2
    INT96 = 3
    FLOAT = 4
    DOUBLE = 5
    BYTE_ARRAY = 6
    FIXED_LEN_BYTE_ARRAY = 7


WIDTHS: Final = {
    Physical.INT32: 4,
    Physical.INT64: 8,
    Physical.INT96: 12,
    Physical.FLOAT: 4,
    Physical.DOUBLE: 8,
}
"""Bytes of one PLAIN value; FIXED_LEN_BYTE_ARRAY has its `type_length`."""


class Codec(IntEnum):
    """`CompressionCodec`."""

    UNCOMPRESSED = 0
    SNAPPY = 1
    GZIP = 2
    LZO = 3
    BROTLI = 4
    LZ4 = 5  # deprecated: its framing was never specified
    ZSTD = 6
    LZ4_RAW = 7


class Encoding(IntEnum):
    """`Encoding`."""

    PLAIN = 0
    GROUP_VAR_INT = 1  # never used
    PLAIN_DICTIONARY = 2
    RLE = 3
    BIT_PACKED = 4
    DELTA_BINARY_PACKED = 5
    DELTA_LENGTH_BYTE_ARRAY = 6
    DELTA_BYTE_ARRAY = 7
    RLE_DICTIONARY = 8
    BYTE_STREAM_SPLIT = 9


ENCODINGS: Final = frozenset(int(encoding) for encoding in Encoding) - {Encoding.GROUP_VAR_INT}
DICTIONARY_ENCODINGS: Final = frozenset({Encoding.PLAIN_DICTIONARY, Encoding.RLE_DICTIONARY})


class PageType(IntEnum):
    """`PageType`."""

    DATA_PAGE = 0
    INDEX_PAGE = 1
    DICTIONARY_PAGE = 2
    DATA_PAGE_V2 = 3


class Repetition(IntEnum):
    """`FieldRepetitionType`."""

    REQUIRED = 0
    OPTIONAL = 1
    REPEATED = 2


PAGE_TYPES: Final = frozenset(int(kind) for kind in PageType)


def _need(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


EMPTY = Struct("Empty", {})
TIME_UNIT = Struct(
    "TimeUnit", {n: Field(name, STRUCT, EMPTY) for n, name in {1: "ms", 2: "us", 3: "ns"}.items()}, union=True
)
DECIMAL = Struct("DecimalType", {1: Field("scale", I32), 2: Field("precision", I32)}, _need(1, 2))
TIME = Struct("TimeType", {1: Field("utc", BOOL), 2: Field("unit", STRUCT, TIME_UNIT)}, _need(1, 2))
INTEGER = Struct("IntType", {1: Field("bits", BYTE), 2: Field("signed", BOOL)}, _need(1, 2))
VARIANT = Struct("VariantType", {1: Field("version", BYTE)})
GEOMETRY = Struct("GeometryType", {1: Field("crs", BINARY, text=True)})
GEOGRAPHY = Struct("GeographyType", {1: Field("crs", BINARY, text=True), 2: Field("algorithm", I32)})
LOGICAL_TYPE = Struct(
    "LogicalType",
    {
        1: Field("string", STRUCT, EMPTY),
        2: Field("map", STRUCT, EMPTY),
        3: Field("list", STRUCT, EMPTY),
        4: Field("enum", STRUCT, EMPTY),
        5: Field("decimal", STRUCT, DECIMAL),
        6: Field("date", STRUCT, EMPTY),
        7: Field("time", STRUCT, TIME),
        8: Field("timestamp", STRUCT, TIME),
        10: Field("integer", STRUCT, INTEGER),
        11: Field("unknown", STRUCT, EMPTY),
        12: Field("json", STRUCT, EMPTY),
        13: Field("bson", STRUCT, EMPTY),
        14: Field("uuid", STRUCT, EMPTY),
        15: Field("float16", STRUCT, EMPTY),
        16: Field("variant", STRUCT, VARIANT),
        17: Field("geometry", STRUCT, GEOMETRY),
        18: Field("geography", STRUCT, GEOGRAPHY),
    },
    union=True,
)
SCHEMA_ELEMENT = Struct(
    "SchemaElement",
    {
        1: Field("type", I32),
        2: Field("type_length", I32),
        3: Field("repetition", I32),
        4: Field("name", BINARY, text=True),
        5: Field("num_children", I32),
        6: Field("converted", I32),
        7: Field("scale", I32),
        8: Field("precision", I32),
        9: Field("field_id", I32),
        10: Field("logical", STRUCT, LOGICAL_TYPE),
    },
    _need(4),
)
STATISTICS = Struct(
    "Statistics",
    {
        1: Field("max", BINARY),
        2: Field("min", BINARY),
        3: Field("null_count", I64),
        4: Field("distinct_count", I64, keep=False),
        5: Field("max_value", BINARY),
        6: Field("min_value", BINARY),
        7: Field("is_max_value_exact", BOOL, keep=False),
        8: Field("is_min_value_exact", BOOL, keep=False),
        9: Field("nan_count", I64, keep=False),
    },
)
SIZE_STATISTICS = Struct(
    "SizeStatistics",
    {
        1: Field("unencoded_bytes", I64),
        2: Field("repetition_histogram", LIST, item=I64, keep=False),
        3: Field("definition_histogram", LIST, item=I64, keep=False),
    },
)
BOUNDING_BOX = Struct("BoundingBox", {n: Field(f"edge{n}", DOUBLE, keep=False) for n in range(1, 9)})
GEO_STATISTICS = Struct(
    "GeospatialStatistics",
    {1: Field("box", STRUCT, BOUNDING_BOX, keep=False), 2: Field("types", LIST, item=I32, keep=False)},
)
KEY_VALUE = Struct(
    "KeyValue", {1: Field("key", BINARY, text=True, keep=False), 2: Field("value", BINARY, keep=False)}, _need(1)
)
PAGE_ENCODING_STATS = Struct(
    "PageEncodingStats",
    {
        1: Field("page_type", I32, choices=PAGE_TYPES),
        2: Field("encoding", I32, choices=ENCODINGS),
        3: Field("count", I32),
    },
    _need(1, 2, 3),
)
COLUMN_META = Struct(
    "ColumnMetaData",
    {
        1: Field("type", I32),
        2: Field("encodings", LIST, item=I32, choices=ENCODINGS),
        3: Field("path", LIST, item=BINARY, text=True),
        4: Field("codec", I32),
        5: Field("num_values", I64),
        6: Field("uncompressed_size", I64),
        7: Field("compressed_size", I64),
        8: Field("key_values", LIST, KEY_VALUE, STRUCT, keep=False),
        9: Field("data_page_offset", I64),
        10: Field("index_page_offset", I64),
        11: Field("dictionary_page_offset", I64),
        12: Field("statistics", STRUCT, STATISTICS),
        13: Field("encoding_stats", LIST, PAGE_ENCODING_STATS, STRUCT),
        14: Field("bloom_offset", I64),
        15: Field("bloom_length", I32),
        16: Field("size_statistics", STRUCT, SIZE_STATISTICS),
        17: Field("geo_statistics", STRUCT, GEO_STATISTICS, keep=False),
    },
    _need(1, 2, 3, 4, 5, 6, 7, 9),
)
COLUMN_KEY = Struct(
    "EncryptionWithColumnKey",
    {1: Field("path", LIST, item=BINARY, keep=False), 2: Field("key_metadata", BINARY, keep=False)},
)
CRYPTO_META = Struct(
    "ColumnCryptoMetaData",
    {1: Field("footer_key", STRUCT, EMPTY), 2: Field("column_key", STRUCT, COLUMN_KEY)},
    union=True,
)
COLUMN_CHUNK = Struct(
    "ColumnChunk",
    {
        1: Field("file_path", BINARY, text=True),
        2: Field("file_offset", I64),
        3: Field("meta", STRUCT, COLUMN_META),
        4: Field("offset_index_offset", I64),
        5: Field("offset_index_length", I32),
        6: Field("column_index_offset", I64),
        7: Field("column_index_length", I32),
        8: Field("crypto", STRUCT, CRYPTO_META),
        9: Field("encrypted_meta", BINARY, keep=False),
    },
    _need(2),
)
SORTING_COLUMN = Struct(
    "SortingColumn",
    {1: Field("column", I32), 2: Field("descending", BOOL), 3: Field("nulls_first", BOOL)},
    _need(1, 2, 3),
)
ROW_GROUP = Struct(
    "RowGroup",
    {
        1: Field("columns", LIST, COLUMN_CHUNK, STRUCT),
        2: Field("total_byte_size", I64),
        3: Field("num_rows", I64),
        4: Field("sorting", LIST, SORTING_COLUMN, STRUCT, keep=False),
        5: Field("file_offset", I64),
        6: Field("compressed_size", I64),
        7: Field("ordinal", I16),
    },
    _need(1, 2, 3),
)
COLUMN_ORDER = Struct(
    "ColumnOrder", {1: Field("type_order", STRUCT, EMPTY), 2: Field("ieee754", STRUCT, EMPTY)}, union=True
)
AES = Struct(
    "Aes",
    {
        1: Field("aad_prefix", BINARY, keep=False),
        2: Field("aad_file_unique", BINARY, keep=False),
        3: Field("supply_aad_prefix", BOOL, keep=False),
    },
)
ENCRYPTION_ALGORITHM = Struct(
    "EncryptionAlgorithm", {1: Field("gcm", STRUCT, AES), 2: Field("gcm_ctr", STRUCT, AES)}, union=True
)
FILE_META = Struct(
    "FileMetaData",
    {
        1: Field("version", I32),
        2: Field("schema", LIST, SCHEMA_ELEMENT, STRUCT),
        3: Field("num_rows", I64),
        4: Field("row_groups", LIST, ROW_GROUP, STRUCT),
        5: Field("key_values", LIST, KEY_VALUE, STRUCT, keep=False),
        6: Field("created_by", BINARY, text=True),
        7: Field("column_orders", LIST, COLUMN_ORDER, STRUCT, keep=False),
        8: Field("encryption", STRUCT, ENCRYPTION_ALGORITHM),
        9: Field("signing_key_metadata", BINARY, keep=False),
    },
    _need(1, 2, 3, 4),
)

DATA_PAGE = Struct(
    "DataPageHeader",
    {
        1: Field("num_values", I32),
        2: Field("encoding", I32),
        3: Field("definition_encoding", I32, choices=ENCODINGS),
        4: Field("repetition_encoding", I32, choices=ENCODINGS),
        5: Field("statistics", STRUCT, STATISTICS, keep=False),
    },
    _need(1, 2, 3, 4),
)
DICTIONARY_PAGE = Struct(
    "DictionaryPageHeader",
    {1: Field("num_values", I32), 2: Field("encoding", I32), 3: Field("is_sorted", BOOL)},
    _need(1, 2),
)
DATA_PAGE_V2 = Struct(
    "DataPageHeaderV2",
    {
        1: Field("num_values", I32),
        2: Field("num_nulls", I32),
        3: Field("num_rows", I32),
        4: Field("encoding", I32),
        5: Field("definition_length", I32),
        6: Field("repetition_length", I32),
        7: Field("is_compressed", BOOL),
        8: Field("statistics", STRUCT, STATISTICS, keep=False),
    },
    _need(1, 2, 3, 4, 5, 6),
)
PAGE_HEADER = Struct(
    "PageHeader",
    {
        1: Field("type", I32),
        2: Field("uncompressed_size", I32),
        3: Field("compressed_size", I32),
        4: Field("crc", I32),
        5: Field("data", STRUCT, DATA_PAGE),
        6: Field("index", STRUCT, EMPTY),
        7: Field("dictionary", STRUCT, DICTIONARY_PAGE),
        8: Field("data_v2", STRUCT, DATA_PAGE_V2),
    },
    _need(1, 2, 3),
)
