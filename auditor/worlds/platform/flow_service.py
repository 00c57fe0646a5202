"""Flow Service and Catalog as the stand-in plays them: documented addresses, bodies and refusals.

https://experienceleague.adobe.com/en/docs/experience-platform/destinations/api/export-datasets,
https://developer.adobe.com/experience-platform-apis/references/destinations/ and …/references/catalog/
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from auditor.worlds.platform.lists import LARGEST_PAGE, answer_list, read_number
from auditor.worlds.platform.making import change_flow, make
from auditor.worlds.platform.replies import Call, Reply, flow_service_refusal, service_refusal
from auditor.worlds.platform.server import PlatformServer
from auditor.worlds.platform.stock import DATA_LAKE, Entity, Stock

FLOW_SERVICE = "/data/foundation/flowservice"
CATALOG = "/data/foundation/catalog"
KINDS = {  # as the address says it, and the field of a Stock
    "flows": "flows",
    "runs": "runs",
    "sourceConnections": "sources",
    "targetConnections": "targets",
    "connections": "connections",
}


class FlowService:
    """Serves `stocks`, one for each sandbox, on a PlatformServer. What is set here may change while it runs.

    `page_size`: most entities in one answer, whatever is asked for. `before_page`: called with (call, number of the
    page from 1) before a page is made, so that a list can change while somebody goes through it.
    """

    def __init__(
        self,
        platform: PlatformServer,
        *stocks: Stock,
        page_size: int = LARGEST_PAGE,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.stocks = {stock.sandbox: stock for stock in stocks}
        self.page_size = page_size
        self.before_page: Callable[[Call, int], None] = lambda _call, _number: None
        self._now_ms = now_ms
        made = sum(len(getattr(stock, kind)) for stock in stocks for kind in KINDS.values())
        self._numbers = itertools.count(made + 1)  # no id twice, where a stock was served before
        self._lock = threading.RLock()
        platform.gate.sandboxes = tuple(self.stocks)
        for address in KINDS:
            self._route(platform, "GET", f"{FLOW_SERVICE}/{address}", self._list)
            self._route(platform, "GET", f"{FLOW_SERVICE}/{address}/[^/]+", self._one)
            if address != "runs":
                self._route(platform, "POST", f"{FLOW_SERVICE}/{address}", self._make)
        self._route(platform, "PATCH", f"{FLOW_SERVICE}/flows/[^/]+", self._change)
        self._route(platform, "GET", f"{FLOW_SERVICE}/connectionSpecs/[^/]+/configs", self._configs)
        self._route(platform, "GET", f"{CATALOG}/dataSets", self._datasets)
        self._route(platform, "GET", f"{CATALOG}/dataSets/[^/]+", self._named_datasets)
        self._route(platform, "GET", f"{CATALOG}/batches", self._batches)

    def _route(self, platform: PlatformServer, method: str, path: str, answer: Callable[[Stock, Call], Reply]) -> None:
        def reply(call: Call) -> Reply:
            with self._lock:
                given = answer(self.stocks[call.headers.get("x-sandbox-name", "prod")], call)
                return Reply(given.status, given.document, given.headers)  # as it is now: others go on changing it

        platform.route(method, path, reply)

    def _list(self, stock: Stock, call: Call) -> Reply:
        address = call.path.rpartition("/")[2]
        found: dict[str, Entity] = getattr(stock, KINDS[address])
        return answer_list(
            call, address, _Now(found), page_size=self.page_size, before_page=lambda *page: self.before_page(*page)
        )

    def _one(self, stock: Stock, call: Call) -> Reply:
        address, name = call.path.split("/")[-2:]
        found = getattr(stock, KINDS[address]).get(name)
        if found is None:
            return flow_service_refusal(404, "Not Found", f"there is no {address.removesuffix('s')} {name}")
        return Reply(200, {"items": [found]})

    def _make(self, stock: Stock, call: Call) -> Reply:
        kind = KINDS[call.path.rpartition("/")[2]]
        return make(stock, kind, call, now_ms=self._now_ms(), number=next(self._numbers))

    def _change(self, stock: Stock, call: Call) -> Reply:
        return change_flow(stock, call.path.rpartition("/")[2], call, now_ms=self._now_ms())

    def _configs(self, stock: Stock, call: Call) -> Reply:
        """The datasets that can be exported, by numbered pages."""
        if call.path.split("/")[-2] != DATA_LAKE:
            return flow_service_refusal(404, "Not Found", "there is no such connection spec")
        if (call.first("outputType"), call.first("outputField")) != ("activationDatasets", "datasets"):
            return flow_service_refusal(400, "Bad Request", "outputType or outputField is missing")
        try:
            start = read_number(call, "start", default=0, least=0)
            limit = min(read_number(call, "limit", default=20, most=LARGEST_PAGE), self.page_size)
        except ValueError as error:
            return flow_service_refusal(400, "Bad Request", str(error))
        self.before_page(call, start // limit + 1)
        found = list(stock.eligible.values())
        items = found[start : start + limit]
        more = start + limit < len(found)
        info = {"start": start, "end": start + max(len(items), 1) - 1, "total": len(found), "hasNext": more}
        return Reply(200, {"items": items, "pageInfo": info})

    def _datasets(self, stock: Stock, call: Call) -> Reply:
        return self._of_catalog(call, stock.datasets)

    def _named_datasets(self, stock: Stock, call: Call) -> Reply:
        """One dataset, or several with commas between their ids."""
        names = call.path.rpartition("/")[2].split(",")
        found = {name: stock.datasets[name] for name in names if name in stock.datasets}
        if not found:
            return service_refusal(404, "404", "Not Found", "Dataset not found")
        return self._of_catalog(call, found, limit=len(found))

    def _batches(self, stock: Stock, call: Call) -> Reply:
        try:
            after = read_number(call, "createdAfter", default=-1, least=0)
            before = read_number(call, "createdBefore", default=2**63, least=0)
        except ValueError as error:
            return service_refusal(400, "400", "Bad Request", str(error))
        fitting = {
            name: batch
            for name, batch in stock.batches.items()
            if call.first("dataSet") in ("", *(one["id"] for one in batch["relatedObjects"]))
            and call.first("status") in ("", batch["status"])
            and after < batch["created"] < before
        }
        return self._of_catalog(call, fitting)

    def _of_catalog(self, call: Call, found: dict[str, Entity], *, limit: int = 20) -> Reply:
        """Keyed by id; with `properties`, those of them that an object has."""
        try:
            start = read_number(call, "start", default=0, least=0)
            limit = read_number(call, "limit", default=limit, most=LARGEST_PAGE)
        except ValueError as error:
            return service_refusal(400, "400", "Bad Request", str(error))
        wanted = [name for name in call.first("properties").split(",") if name]
        names = list(found)[start : start + limit]
        return Reply(200, {name: _only(found[name], wanted) for name in names})


class _Now(Iterable[Entity]):
    """The members of a mapping as they are when they are asked for."""

    def __init__(self, found: dict[str, Entity]) -> None:
        self._found = found

    def __iter__(self) -> Any:
        return iter(list(self._found.values()))


def _only(entity: Entity, wanted: list[str]) -> Entity:
    return {name: entity[name] for name in wanted if name in entity} if wanted else entity
