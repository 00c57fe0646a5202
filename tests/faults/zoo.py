"""All kinds of fault, and all kinds of harmless things."""

from tests.faults import arrivals, file_bytes, file_records, harmless, layouts, manifests, places, whole_files

KINDS = (
    *file_bytes.KINDS,
    *file_records.KINDS,
    *whole_files.KINDS,
    *manifests.KINDS,
    *arrivals.KINDS,
    *layouts.KINDS,
    *places.KINDS,
)
HARMLESS = harmless.KINDS
OF_A_WHOLE = places.KINDS  # they befall a flow or a destination, few to a world
OF_A_RUN = tuple(kind for kind in KINDS if kind not in OF_A_WHOLE)
