"""Every error of the Data Lake SDK, and every code of its service, has its place in the error family."""

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import azure.storage.filedatalake
import pytest
from azure.core import exceptions as sdk

from adapters.adls import AdlsAdapter
from adapters.azure_errors import BY_CLASS, translate
from adapters.base import (
    AccessDenied,
    Archived,
    Changed,
    CredentialExpired,
    DestinationError,
    NotFound,
    Throttled,
    Unreachable,
    Unsupported,
)
from tests.servers.dfs import REQUEST_ID, Lake, error, is_dfs, lake, shared

__all__ = ["lake", "shared"]


def modules() -> list[ModuleType]:
    package = azure.storage.filedatalake
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [package, *(import_module(name) for name in names if ".aio" not in name and "_async" not in name)]


def exceptions() -> list[type[Exception]]:
    """Those that the package itself defines, and those of azure.core that it knows."""
    found = {kind for module in modules() for _, kind in inspect.getmembers(module, inspect.isclass)}
    own = {kind for kind in found if issubclass(kind, Exception) and kind.__module__.startswith("azure.")}
    return sorted(own, key=lambda kind: (kind.__module__, kind.__name__))


def test_the_sdk_has_the_errors_we_look_for():
    found = exceptions()
    assert {kind.__name__ for kind in found if kind.__module__.startswith("azure.storage.filedatalake")} == {
        "AzureSigningError",
        "PartialBatchErrorException",
    }
    assert sdk.HttpResponseError in found


LEFT_OVER = {sdk.AzureError}
"""The root of the family: what the SDK would raise of a kind that it does not have yet."""


@pytest.mark.parametrize("kind", exceptions(), ids=lambda kind: kind.__name__)
def test_no_class_of_the_sdk_is_left_to_chance(kind: type[Exception]):
    known = tuple(one for classes, _, _ in BY_CLASS for one in classes)
    assert issubclass(kind, known) or kind in LEFT_OVER
    raised = kind.__new__(kind)
    raised.args = ("https://acme.dfs.core.windows.net/x?sig=s3cr3t",)
    raised.__dict__ |= {"message": raised.args[0], "response": None, "error": None}
    assert "s3cr3t" not in str(translate(raised, destination="lake", operation="list"))


CODES: list[tuple[int, str, type[DestinationError]]] = [  # https://learn.microsoft.com/rest/api/storageservices/
    (400, "UnsupportedRestVersion", Unsupported),  # datalakestoragegen2/path/list
    (400, "InvalidHeaderValue", Unsupported),
    (400, "InvalidQueryParameterValue", Unsupported),
    (400, "OutOfRangeQueryParameterValue", Unsupported),
    (400, "UnsupportedQueryParameter", Unsupported),
    (400, "InvalidInput", Unsupported),
    (400, "InvalidUri", Unsupported),
    (400, "InvalidResourceName", Unsupported),
    (400, "EndpointUnsupportedAccountFeatures", Unsupported),
    (401, "NoAuthenticationInformation", CredentialExpired),
    (401, "InvalidAuthenticationInfo", CredentialExpired),
    (403, "AuthenticationFailed", CredentialExpired),
    (403, "AuthorizationFailure", AccessDenied),
    (403, "AuthorizationPermissionMismatch", AccessDenied),
    (403, "AuthorizationServiceMismatch", AccessDenied),
    (403, "AuthorizationResourceTypeMismatch", AccessDenied),
    (403, "InsufficientAccountPermissions", AccessDenied),
    (403, "KeyBasedAuthenticationNotPermitted", AccessDenied),
    (404, "FilesystemNotFound", AccessDenied),  # the blob endpoint sees it
    (404, "ResourceNotFound", AccessDenied),
    (404, "AccountNotFound", AccessDenied),
    (409, "AccountBeingCreated", Unreachable),
    (409, "FilesystemBeingDeleted", AccessDenied),
    (409, "BlobArchived", Archived),
    (412, "ConditionNotMet", Changed),
    (429, "TooManyRequests", Throttled),
    (500, "InternalError", Unreachable),
    (500, "OperationTimedOut", Unreachable),
    (502, "", Unreachable),
    (503, "ServerBusy", Throttled),
]


@pytest.mark.parametrize("status, code, kind", CODES, ids=[f"{case[0]} {case[1]}" for case in CODES])
@pytest.mark.parametrize("where", ["header and body", "header", "body"])
def test_a_refused_listing(lake: Lake, status: int, code: str, kind: type[DestinationError], where: str):
    told = error(code, status)
    if where == "body":
        told.headers.pop("x-ms-error-code")  # type: ignore[attr-defined]
    if where == "header":
        told = type(told)(status, b"", {**told.headers})
    adapter = AdlsAdapter("lake", lake.make_file_system(), **lake.options)
    lake.faults.append(lambda request: told if is_dfs(request) else None)
    for ask in (lambda: list(adapter.list_objects("p/")), lambda: list(adapter.list_folder("p/"))):
        with pytest.raises(DestinationError) as caught:
            ask()
        found = caught.value
        assert (type(found), found.destination, found.operation, found.key) == (kind, "lake", "list", "p/")
        assert (found.request_id, found.retryable) == (REQUEST_ID, kind.retryable)
        assert (code or "HTTP 502") in str(found)
    adapter.close()


def test_a_file_system_that_both_endpoints_miss_is_not_there(lake: Lake):
    adapter = AdlsAdapter("lake", "exports-absent", **lake.options)
    with pytest.raises(NotFound):
        list(adapter.list_objects("p/"))
    with pytest.raises(NotFound):
        adapter.describe_object("p/x")
    adapter.close()
