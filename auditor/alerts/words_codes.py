"""What a notice calls each finding: while it lasts, and when it is over. Beside the catalogue, which says the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.checks import CATALOGUE

__all__ = ["CodeWords", "words_for"]


@dataclass(frozen=True, slots=True)
class CodeWords:
    """How one finding type is told."""

    what: str  # clause of the headline: "no export came"
    ended: str  # what ended, as a noun: "missing exports"
    right: str  # how it is now, when it recovered: "exports arrive again"
    waiting: str = ""  # does waiting help? "": worked out from the facts


_COUNTS = "No: neither the run record nor the export will change by itself."
_AGAIN = "No: the files stay as they are. The next run brings new ones and does not mend these."
_FLOW = "No: somebody has to decide."

_WORDS: Mapping[str, CodeWords] = MappingProxyType(
    {
        # arrival
        "export-missing": CodeWords("no export came", "missing exports", "exports arrive again"),
        "export-late": CodeWords("exports come late", "late exports", "exports arrive in time again"),
        "export-unexpected": CodeWords(
            "an export is there that no schedule asked for",
            "exports outside the schedule",
            "every export there belongs to a due time",
            "No, but it does no harm: the folder stays.",
        ),
        "export-duplicate": CodeWords(
            "two export folders stand for one due time",
            "duplicate exports",
            "each due time has one export",
            "No: both folders stay.",
        ),
        "export-stuck": CodeWords(
            "an upload does not come to its end",
            "unfinished uploads",
            "the exports are finished",
            "It may: each look judges the folder once nothing in it has changed for a while.",
        ),
        "protection-stale": CodeWords(
            "no sound export for too long", "lack of a sound export", "sound exports are there again"
        ),
        # flow: what Experience Platform says of its runs
        "run-failed": CodeWords(
            "runs failed in Experience Platform",
            "failed runs",
            "runs succeed again",
            "Only while Experience Platform is still retrying. What the failed run should have exported does not come "
            "by itself.",
        ),
        "run-stuck": CodeWords(
            "a run does not come to its end in Experience Platform",
            "open runs",
            "runs end again",
            "It may, for a first full export or unusually much data: runs may stay open for about four hours.",
        ),
        "run-without-export": CodeWords(
            "Experience Platform says it exported, and nothing lies in storage",
            "runs without an export",
            "runs and exports agree again",
            "No: the run is over.",
        ),
        "export-without-run": CodeWords(
            "an export is there that no run in Experience Platform made",
            "exports without a run",
            "every export has its run",
            "It may within the first hours, as run records can come later than files; after that, no.",
        ),
        "record-count-mismatch": CodeWords(
            "the number of records differs from what the run says",
            "differing numbers of records",
            "the numbers agree again",
            _COUNTS,
        ),
        "file-count-mismatch": CodeWords(
            "the number of files differs from what the run says",
            "differing numbers of files",
            "the numbers agree again",
            _COUNTS,
        ),
        "byte-count-mismatch": CodeWords(
            "the size of the export differs from what the run says",
            "differing sizes",
            "the sizes agree again",
            _COUNTS,
        ),
        # layout
        "folder-malformed": CodeWords(
            "a folder has a name that cannot be read",
            "unreadable folder names",
            "all folder names can be read",
            "No: nobody renames the folder by itself.",
        ),
        "folder-empty": CodeWords(
            "an export folder holds no data", "empty export folders", "export folders hold data again"
        ),
        "unknown-dataset": CodeWords(
            "exports of a dataset are there that no flow names",
            "exports of an unknown dataset",
            "every dataset there is in a flow",
            _FLOW,
        ),
        "destination-empty": CodeWords(
            "nothing lies where exports belong",
            "emptiness of the folder",
            "exports are there again",
            "Only if the very first export is still to come. Otherwise no.",
        ),
        # manifest
        "manifest-missing": CodeWords(
            "an export has no manifest",
            "missing manifests",
            "manifests are there again",
            "No: the grace is over, and manifests are written with the files.",
        ),
        "manifest-unreadable": CodeWords(
            "a manifest cannot be read as one", "unreadable manifests", "manifests can be read again", _AGAIN
        ),
        "manifest-duplicate": CodeWords(
            "several manifests speak of one export", "duplicate manifests", "each export has one manifest", _AGAIN
        ),
        "manifest-file-missing": CodeWords(
            "files that the manifest lists are not there",
            "files missing against the manifest",
            "all listed files are there",
            "Only while a copy job into this destination is still running. Otherwise no.",
        ),
        "manifest-file-extra": CodeWords(
            "files are there that the manifest does not list",
            "files beside the manifest",
            "folders and manifests agree",
            _AGAIN,
        ),
        "manifest-size-mismatch": CodeWords(
            "files have another size than the manifest says",
            "sizes unlike the manifest's",
            "sizes agree with the manifest",
            _AGAIN,
        ),
        "manifest-run-mismatch": CodeWords(
            "a manifest names two different runs", "contradictory manifests", "manifests name one run", _AGAIN
        ),
        # file
        "file-empty": CodeWords("data files have zero bytes", "files of zero bytes", "files hold data again", _AGAIN),
        "file-truncated": CodeWords("data files are cut short", "files cut short", "files are whole again", _AGAIN),
        "file-corrupt": CodeWords("data files are damaged", "damaged files", "files are sound again", _AGAIN),
        "file-wrong-format": CodeWords(
            "data files hold another format than they should",
            "files of the wrong format",
            "files have the right format again",
            _AGAIN,
        ),
        "file-wrong-compression": CodeWords(
            "data files are compressed otherwise than configured",
            "files of unexpected compression",
            "files are compressed as configured again",
            "No, but it does no harm: the files can be read.",
        ),
        "record-invalid": CodeWords(
            "data files hold records that cannot be read", "invalid records", "all records can be read again", _AGAIN
        ),
        "file-duplicate": CodeWords(
            "two data files of one export hold the same", "duplicate files", "no file is there twice", _AGAIN
        ),
        "file-unverifiable": CodeWords(
            "data files could not be checked",
            "files that could not be checked",
            "files can be checked again",
            "After throttling, a time-out or a change during reading it does: the next look tries again. Against a "
            "missing right, encryption or an unsupported feature it does not.",
        ),
        "file-archived": CodeWords(
            "data files lie in an archive class and could not be read",
            "archived files",
            "files can be read again",
            "Waiting alone does not help: somebody has to restore the objects.",
        ),
        # schema
        "schema-mismatch": CodeWords(
            "the files of one export do not share a schema", "differing schemas", "each export has one schema", _AGAIN
        ),
        "schema-changed": CodeWords(
            "the schema is another than in earlier exports", "changed schema", "the schema is as it was", _FLOW
        ),
        # protection
        "flow-ended": CodeWords(
            "the flow has passed its end date", "ended flow", "exports are due again", "No: nothing more is due."
        ),
        "flow-disabled": CodeWords(
            "the flow is switched off in Experience Platform",
            "disabled flow",
            "the flow is enabled again",
            "No: nothing is exported until somebody enables the flow.",
        ),
        "protection-weakened": CodeWords(
            "the flow protects less than it did", "weakened protection", "the flow protects as before", _FLOW
        ),
        "flow-unmatched": CodeWords(
            "the flow and the configuration do not find each other",
            "unmatched flow",
            "the flow and the configuration match",
            _FLOW,
        ),
        "dataset-unprotected": CodeWords(
            "datasets that could be exported are in no enabled flow",
            "unprotected datasets",
            "the datasets are in an enabled flow",
            _FLOW,
        ),
        "flow-ending": CodeWords(
            "the flow ends soon", "approaching end of the flow", "the flow no longer ends soon", "No: the date comes."
        ),
        "credential-expiring": CodeWords(
            "a credential ends soon", "expiring credential", "the credential holds again", "No: the date comes."
        ),
        "export-expiring": CodeWords(
            "the only sound export is about to be removed",
            "expiring last export",
            "a sound export is kept",
            "Waiting loses it.",
        ),
        # integrity
        "export-changed": CodeWords(
            "old exports were changed",
            "changed exports",
            "the exports are as they were",
            "No: the bytes stay as they are.",
        ),
        "export-deleted": CodeWords(
            "old exports were deleted",
            "deleted exports",
            "the exports are there again",
            "No: each day brings nearer the end of versions or soft delete, if there are any.",
        ),
        "mass-loss": CodeWords(
            "many exports are gone or changed",
            "mass loss",
            "the exports are there again",
            "No: each day brings nearer the end of versions or soft delete, if there are any.",
        ),
        # waiver
        "waiver-expired": CodeWords(
            "a waiver has expired, and what it put up with is still there",
            "expired waiver",
            "the waiver is settled",
            _FLOW,
        ),
        # access
        "destination-unreachable": CodeWords(
            "the destination could not be looked at",
            "trouble reaching it",
            "it can be looked at again",
            "After an outage or throttling it does: the next look judges everything from storage. A mistyped name, a "
            "closed firewall or another host key does not mend itself.",
        ),
        "access-denied": CodeWords(
            "a right is missing, so it could not be checked",
            "missing right",
            "it can be checked again",
            "Only for minutes after a policy was changed. Otherwise no.",
        ),
        "credential-expired": CodeWords(
            "the credentials are no longer accepted",
            "refused credentials",
            "the credentials are accepted again",
            "No: nothing there is checked until the credentials are renewed.",
        ),
        "flow-service-unreachable": CodeWords(
            "Experience Platform could not be asked",
            "trouble asking Experience Platform",
            "it answers again",
            "In an outage it does: run records are read later, and what was unknown is judged then.",
        ),
        "clock-skew": CodeWords(
            "our clock and the provider's differ",
            "differing clocks",
            "the clocks agree again",
            "No: a clock does not mend itself.",
        ),
        # service
        "notices-undelivered": CodeWords(
            "a channel delivers no notices",
            "undelivered notices",
            "the channel delivers again",
            "Perhaps: sending is tried again. Until then this channel tells nobody anything.",
        ),
    }
)


def words_for(code: str) -> CodeWords:
    """The words of `code`; of one without any of its own, made from its catalogue entry."""
    known = _WORDS.get(code)
    if known is not None:
        return known
    name = code.replace("-", " ")
    entry = CATALOGUE.get(code)
    what = entry.meaning[:1].lower() + entry.meaning[1:].rstrip(".") if entry else name
    return CodeWords(what, f"“{name}”", "it is over")
