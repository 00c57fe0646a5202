"""Listings of servers that do not behave, names that XML cannot carry, directories, and where a listing starts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.azure_blob import AzureBlobAdapter
from adapters.base import Adapter, Checksum, Folder, Throttled, Unreachable, Unsupported
from adapters.retry import Policy, RetryingAdapter
from tests.servers.fake_azure import blob, error, fake_azure, options, page
from tests.servers.fake_s3 import Answer, FakeS3, Request, Script, in_turn

Serve = Callable[..., tuple[RetryingAdapter, FakeS3]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a script and opens it, without waiting between attempts."""
    with ExitStack() as stack:

        def start(script: Script, **more: object) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_azure(script))
            adapter = AzureBlobAdapter("lake", **{**options(server), **more})
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=3, sleep=lambda _: None)), server

        yield start


def keys(adapter: Adapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


def shown(adapter: Adapter, prefix: str = "") -> list[str]:
    return [item.prefix if isinstance(item, Folder) else item.key for item in adapter.list_folder(prefix)]


def test_an_entry_is_read_whole(serve: Serve):
    entry = blob("p/x", 7, properties="<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>")
    entry = entry.replace("<Content-MD5 />", "<Content-MD5>ICy5YqxZB1uWSwcVLSNLcA==</Content-MD5>")
    adapter, server = serve(lambda _: page([entry.replace(">Hot<", ">Archive<"), "p/y"]))
    archived, plain = adapter.list_objects("p/")
    assert (archived.key, archived.size, archived.version, archived.archived) == ("p/x", 7, "0x1", True)
    assert archived.modified.isoformat() == "2026-10-01T00:00:00+00:00"
    assert archived.checksum == Checksum("md5", bytes.fromhex("202cb962ac59075b964b07152d234b70"))
    assert (plain.checksum, plain.archived) == (None, False)
    (request,) = server.requests
    assert request.path == "/acme/exports"
    assert dict(request.query) == {
        "restype": "container",
        "comp": "list",
        "prefix": "p/",
        "maxresults": "5000",
        "include": "metadata",
    }


ODD = ["a%20b", "a b", "a+b", "c\x01d", "cr\rx", "lf\nx", "\ufffe", "ü/\U0001f600", "&amp;<>", "a%2Fb"]


def test_names_that_xml_cannot_carry_are_decoded_once(serve: Serve):
    adapter, _ = serve(lambda _: page([blob(f"p/{name}", encoded=True) for name in ODD]))
    assert keys(adapter, "p/") == [f"p/{name}" for name in ODD]


def test_names_that_are_not_encoded_are_not_decoded(serve: Serve):
    names = ["p/a%20b", "p/a b", "p/a+b", "p/&amp;<>"]
    adapter, _ = serve(lambda _: page(names))
    assert keys(adapter, "p/") == names


def test_an_odd_key_is_asked_for_by_its_exact_name(serve: Serve):
    adapter, server = serve(lambda _: Answer(200, b"x", {"ETag": '"0x1"'}))
    for key in ODD:
        with adapter.read_object(key) as stream:
            assert stream.read() == b"x"
    assert [request.path for request in server.requests] == [f"/acme/exports/{key}" for key in ODD]


def test_an_empty_page_with_a_marker_is_not_the_end(serve: Serve):
    answers = [page([], marker="m1"), page(["a"], marker="m2"), page([], marker="m3"), page(["b"])]
    adapter, server = serve(in_turn(*answers))
    assert keys(adapter) == ["a", "b"]
    assert [r.query.get("marker") for r in server.requests] == [None, "m1", "m2", "m3"]


def test_markers_in_a_circle_are_no_listing(serve: Serve):
    adapter, _ = serve(in_turn(*(page([f"k{n}"], marker="m1") for n in range(3))))
    with pytest.raises(Unsupported, match="circle"):
        keys(adapter)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"<!DOCTYPE html><html><p>Please log in</html>",
        b"not xml at all",
        b"{}",
        b"<Enumeration/>",
        page(["a"], marker=None).body,
    ],
)
def test_a_200_that_is_no_listing_is_no_empty_listing(serve: Serve, body: bytes):
    adapter, server = serve(lambda _: Answer(200, body))
    for listing in (keys, shown):
        with pytest.raises(Unsupported, match="no listing"):
            listing(adapter)
    assert len(server.requests) == 2  # to ask again mends nothing


@pytest.mark.parametrize("cut", [60, 300, 700, -1, -10, -30])
def test_a_listing_that_is_cut_is_no_listing(serve: Serve, cut: int):
    whole = page(["a", "b"], marker="m").body
    adapter, server = serve(lambda _: Answer(200, whole[:cut]))
    with pytest.raises((Unreachable, Unsupported)):
        keys(adapter)
    adapter, server = serve(lambda _: Answer(200, whole, cut_at=len(whole) + min(cut, 0) if cut < 0 else cut))
    with pytest.raises(Unreachable):
        keys(adapter)
    assert len(server.requests) == 3


def test_an_error_inside_a_200_is_an_error(serve: Serve):
    busy = error("ServerBusy", 200)
    adapter, _ = serve(in_turn(page(["a"], marker="m1"), busy, page(["b"])))
    assert keys(adapter) == ["a", "b"]
    assert adapter.retries == 1
    adapter, _ = serve(in_turn(page(["a"], marker="m1"), busy, busy, busy))
    with pytest.raises(Throttled, match="3 attempts"):
        keys(adapter)


@pytest.mark.parametrize("field", ["Last-Modified", "Content-Length", "Name"])
def test_an_entry_that_lacks_what_is_needed_is_not_guessed(serve: Serve, field: str):
    entry = blob("p/x").replace(f"<{field}>", "<Other>").replace(f"</{field}>", "</Other>")
    adapter, _ = serve(lambda _: page([entry]))
    with pytest.raises(Unsupported):
        keys(adapter)


def test_a_server_that_ignores_the_prefix_or_the_delimiter_is_not_believed(serve: Serve):
    adapter, _ = serve(lambda _: page(["other/x"]))
    with pytest.raises(Unsupported, match="outside the prefix"):
        keys(adapter, "p/")
    adapter, _ = serve(lambda _: page(["p/a/b"]))
    with pytest.raises(Unsupported, match="delimiter"):
        shown(adapter, "p/")
    adapter, _ = serve(lambda _: page([], folders=["p/a/"]))
    with pytest.raises(Unsupported, match="rolls keys up"):
        keys(adapter, "p/")


def test_a_page_that_takes_too_long_is_asked_for_smaller(serve: Serve):
    """Azure/azure-sdk-for-python#10219"""

    def script(request: Request) -> Answer:
        if int(request.query["maxresults"]) > 1000:
            return error("OperationTimedOut", 500)
        return page(["b"]) if request.query.get("marker") else page(["a"], marker="m")

    adapter, server = serve(script)
    assert keys(adapter) == ["a", "b"]
    assert [request.query["maxresults"] for request in server.requests] == ["5000", "1250", "312", "312"]


# --- directories that are blobs -------------------------------------------------------------------

DIRECTORY = "<ResourceType>directory</ResourceType>"
STUB = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"


@pytest.mark.parametrize(
    "directory", [blob("p/d", 0, properties=DIRECTORY), blob("p/d", 0, more=STUB)], ids=["ResourceType", "metadata"]
)
def test_a_directory_is_a_marker_and_no_empty_file(serve: Serve, directory: str):
    adapter, _ = serve(lambda _: page([directory, "p/d/x"]))
    marker, file = adapter.list_objects("p/")
    assert (marker.key, marker.size, marker.is_marker, marker.checksum) == ("p/d/", 0, True, None)
    assert (file.key, file.is_marker) == ("p/d/x", False)


@pytest.mark.parametrize(
    "entry",
    [
        blob("p/e", 0, properties="<ResourceType>file</ResourceType>"),
        blob("p/e", 0, more="<Metadata><owner>true</owner></Metadata>"),
        blob("p/e", 5, more=STUB),  # whatever it says of itself, it holds bytes
        blob("p/e", 0),
    ],
)
def test_an_empty_file_is_no_directory(serve: Serve, entry: str):
    adapter, _ = serve(lambda _: page([entry]))
    assert keys(adapter, "p/") == ["p/e"]


def test_a_directory_is_one_folder_however_the_account_shows_it(serve: Serve):
    directory = blob("p/d", 0, more=STUB)
    adapter, _ = serve(lambda _: page([directory, "p/f"], folders=["p/d/", "p/e/"]))
    assert sorted(shown(adapter, "p/")) == ["p/d/", "p/e/", "p/f"]
    adapter, _ = serve(in_turn(page([directory], marker="m"), page(["p/d-f"], folders=["p/d/"])))
    assert shown(adapter, "p/") == ["p/d/", "p/d-f"]
    adapter, _ = serve(lambda _: page([blob("p/", 0), "p/f"]))  # the marker of the folder itself
    assert shown(adapter, "p/") == ["p/f"]
    hierarchical = page(["p/f"]).body.replace(
        b"<Blobs>", f"<Blobs><BlobPrefix><Name>p/d/</Name><Properties>{DIRECTORY}</Properties></BlobPrefix>".encode()
    )
    adapter, _ = serve(lambda _: Answer(200, hierarchical))
    assert shown(adapter, "p/") == ["p/d/", "p/f"]


# --- where a listing starts -----------------------------------------------------------------------

RUNS = [f"d/exportTime=2026100{n}000000/{file}" for n in range(1, 9) for file in ("a", "b")]
START = "d/exportTime=20261005000000/"
WANTED = [key for key in RUNS if key >= START]


def test_a_listing_starts_on_the_server(serve: Serve):
    def script(request: Request) -> Answer:
        behind = [key for key in RUNS if key >= request.query.get("startFrom", "")]
        after = [key for key in behind if key > request.query.get("marker", "")]
        return page(after[:3], marker=after[2] if len(after) > 3 else "")

    adapter, server = serve(script)
    assert keys(adapter, "d/", START) == WANTED
    assert len(server.requests) == 3
    assert {request.query["startFrom"] for request in server.requests} == {START}
    assert {request.headers["x-ms-version"] for request in server.requests} == {"2026-02-06"}
    assert keys(adapter, "d/") == RUNS
    assert server.requests[-1].headers["x-ms-version"] < "2026"  # asked for only where it is needed
    assert adapter.remarks == []


@pytest.mark.parametrize(
    "refusal",
    [
        error("InvalidHeaderValue", 400),
        error("UnsupportedQueryParameter", 400),
        error("InvalidQueryParameterValue", 400),
        error("NotImplemented", 501),
    ],
    ids=["version", "unsupported", "invalid", "not implemented"],
)
def test_a_server_that_cannot_start_at_a_key_is_read_past(serve: Serve, refusal: Answer):
    adapter, server = serve(lambda request: refusal if "startFrom" in request.query else page(RUNS))
    assert keys(adapter, "d/", START) == WANTED
    assert "cannot start" in adapter.remarks[0]
    assert keys(adapter, "d/", START) == WANTED
    assert len(server.requests) == 3  # not asked for a second time
    assert len(adapter.remarks) == 1


def test_a_server_that_ignores_the_start_is_read_past(serve: Serve):
    adapter, _ = serve(lambda _: page(RUNS))
    assert keys(adapter, "d/", START) == WANTED


def test_what_is_refused_without_a_start_too_is_no_fault_of_the_start(serve: Serve):
    adapter, server = serve(lambda _: error("InvalidResourceName", 400))
    for _ in range(2):
        with pytest.raises(Unsupported, match="InvalidResourceName"):
            keys(adapter, "d/", START)
    assert ["startFrom" in request.query for request in server.requests] == [True, False, True, False]
    assert adapter.remarks == []


@pytest.mark.parametrize(
    "start_at, sent",
    [
        ("p/exportTime=1/", "p/exportTime=1/"),
        ("p/t=2/b", "p/t=2/b"),
        ("p/2026-10-01/", "p/2026"),  # below the slash: sorted otherwise where directories are real
        ("p/é\U0001f600/", "p/é"),  # behind U+D800: sorted otherwise by UTF-16
        ("p/ a", None),
        ("p/", None),
        ("a", None),
        ("q", None),
        ("", None),
    ],
)
def test_the_start_is_lowered_to_where_every_server_sorts_alike(serve: Serve, start_at: str, sent: str | None):
    adapter, server = serve(lambda _: page([]))
    assert keys(adapter, "p/", start_at) == []
    assert server.requests[0].query.get("startFrom") == sent


def test_connections_are_kept(serve: Serve):
    adapter, server = serve(
        lambda r: page([], marker=f"m{len(server.requests)}") if len(server.requests) < 20 else page(["a"])
    )
    assert keys(adapter) == ["a"]
    assert server.connections == 1
