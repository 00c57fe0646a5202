"""What of the suite cannot be played on which destination, each with its reason. Nothing is left out silently.

Destinations are the keys of PLACES, or their type. A test compares this table with what the places offer: an entry
too many fails like an entry too few.
"""

from collections.abc import Mapping

from tests.conformance.places import CASES, IDENTITIES, type_of

NO_IDENTITY: Mapping[tuple[str, str], str] = {
    **dict.fromkeys(
        [("gcs by JSON", identity) for identity in IDENTITIES],
        "fake-gcs-server lets everyone in; the documented answers are scripted",
    ),
    ("gcs by HMAC", "expired"): "HMAC keys do not expire",
    ("data-landing-zone on S3", "expired"): "as s3",
    ("s3", "expired"): "SeaweedFS issues session tokens to its own STS only; the documented answer is scripted",
}
"""Identities that the real server of the tests does not know; they are played by the scripted answer instead."""

NO_ANSWER: Mapping[tuple[str, str], str] = {
    ("gcs by JSON", "clock-skew"): "requests carry a token and no time; the token server's answer has its own test",
    ("gcs by JSON", "archived"): "all storage classes are read at once",
    ("gcs by HMAC", "archived"): "all storage classes are read at once",
    **dict.fromkeys([("sftp", case) for case in CASES], "no HTTP; the real server refuses by its own words"),
}
"""Answers that the provider does not have."""

NO_ENCODING: Mapping[str, str] = {
    "local": "files have no Content-Encoding",
    "sftp": "files have no Content-Encoding",
}


TWINS: Mapping[str, str] = {
    "gcs by HMAC": "it is the adapter of S3 under another name, and audits cost minutes",
    "data-landing-zone by SAS URI": "from 'data-landing-zone on Azure' it differs in where the SAS comes from alone",
}
"""Places that are left out where an audit runs through every failure, because another one stands for them."""


def listed(table: Mapping[tuple[str, str], str], name: str, what: str) -> bool:
    """Does the table say that `name` (a key of PLACES) lacks `what`?"""
    return (name, what) in table or (type_of(name), what) in table
