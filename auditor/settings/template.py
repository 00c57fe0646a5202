"""Folder name templates: the macros that Experience Platform knows, and what a template can tell."""

import re

from auditor.settings.problems import did_you_mean, quoted

MACROS = (
    "%DATASET_ID%",
    "%DATASET_NAME%",
    "%DESTINATION%",
    "%DESTINATION_NAME%",
    "%DESTINATION_INSTANCE_NAME%",
    "%DESTINATION_INSTANCE_ID%",
    "%SANDBOX_NAME%",
    "%ORGANIZATION_NAME%",
    "%DATETIME(YYYYMMdd_HHmmss)%",
    "%EXPORT_TIME%",
)
"""`folderNameTemplate` of Flow Service, as its API reference lists them."""

_DATETIME = re.compile(r"%DATETIME\(((?:YYYY|yyyy|MM|dd|DD|HH|mm|ss|'[^']*'|[^A-Za-z'%()])+)\)%")
_TO_THE_MINUTE = (("YYYY", "yyyy"), ("MM",), ("dd", "DD"), ("HH",), ("mm",))


def parse_template(text: str) -> str:
    """`text` if it is a folder name template. Raises ValueError for unknown macros and folders above."""
    if not text or text != text.strip():
        raise ValueError(
            'is empty or has spaces at its ends; write "%DATASET_ID%/%EXPORT_TIME%", or "/" for no folders'
        )
    if text != "/" and (text.startswith("/") or text.endswith("/")):
        raise ValueError(f"has a slash at its ends; write {quoted(text.strip('/') or '/')}")
    if any(part in (".", "..") for part in text.split("/")):
        raise ValueError(
            '"." and ".." are no folder names in an export; write the template as Experience Platform shows it'
        )
    if "//" in text:
        raise ValueError('has an empty folder name ("//"); write one slash between two folders')
    pieces = text.split("%")
    if len(pieces) % 2 == 0:
        raise ValueError('a "%" without its partner; macros stand between two, as in %DATASET_ID%')
    for macro in (f"%{name}%" for name in pieces[1::2]):
        if macro not in MACROS and not _DATETIME.fullmatch(macro):
            raise ValueError(_unknown(macro))
    return text


def _unknown(macro: str) -> str:
    if macro.startswith("%DATETIME"):
        return (
            f"{quoted(macro)} is not understood; write %DATETIME(YYYYMMdd_HHmmss)%, with the parts "
            "YYYY, MM, dd, HH, mm, ss"
        )
    hint = did_you_mean(macro, MACROS)
    return f"{quoted(macro)} is no macro of Experience Platform; known are: {', '.join(MACROS)}.{hint}"


def names_time(template: str) -> bool:
    """Does a folder of this template say which export it is, to the minute?"""
    patterns = "".join(re.sub(r"'[^']*'", "", pattern) for pattern in _DATETIME.findall(template))
    return "%EXPORT_TIME%" in template or all(any(f in patterns for f in fields) for fields in _TO_THE_MINUTE)


def names_dataset(template: str) -> bool:
    """Does a folder of this template say which dataset it holds?"""
    return "%DATASET_ID%" in template or "%DATASET_NAME%" in template
