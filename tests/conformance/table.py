"""What of the suite cannot be played on which destination, each with its reason. Nothing is left out silently.

Destinations are the keys of PLACES, or their type. A test compares this table with what the places offer: an entry
too many fails like an entry too few.
"""

from collections.abc import Mapping

from tests.conformance.places import type_of

NO_IDENTITY: Mapping[tuple[str, str], str] = {
    ("s3", "expired"): "SeaweedFS issues session tokens to its own STS only; the documented answer is scripted",
}
"""Identities that the real server of the tests does not know; they are played by the scripted answer instead."""

NO_ANSWER: Mapping[tuple[str, str], str] = {}
"""Answers that the provider does not have."""

NO_ENCODING: Mapping[str, str] = {
    "local": "files have no Content-Encoding",
}


def listed(table: Mapping[tuple[str, str], str], name: str, what: str) -> bool:
    """Does the table say that `name` (a key of PLACES) lacks `what`?"""
    return (name, what) in table or (type_of(name), what) in table
