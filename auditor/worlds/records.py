"""XDM-like records: experience events and profiles with nested structs, drawn from a seed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

Record: TypeAlias = dict[str, Any]

PAGES = ("home", "search", "product", "basket", "checkout", "größen-ratgeber", "お問い合わせ")
EVENT_TYPES = ("web.webpagedetails.pageViews", "commerce.purchases", "web.webinteraction.linkClicks")
FIRST_NAMES = ("Ada", "Bjørn", "Chloé", "Dmitri", "Eiko", "Fatima", "Grzegorz", "Hanna")
LAST_NAMES = ("Almeida", "Brontë", "Čapek", "Dubois", "Eriksen", "O'Neill", "Şahin", "Wu")
TIERS = ("bronze", "silver", "gold")


def make_records(seed: str, kind: str, rows: int, since: datetime, until: datetime) -> list[Record]:
    """`rows` records whose times lie in since <= time < until. The same arguments give the same records."""
    random = Random(seed)
    make: Callable[[Random, datetime], Record] = make_event if kind == "events" else make_profile
    span = (until - since) / timedelta(milliseconds=1)
    moments = sorted(random.randrange(max(1, int(span))) for _ in range(rows))
    return [make(random, since + timedelta(milliseconds=moment)) for moment in moments]


def make_uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def make_event(random: Random, moment: datetime) -> Record:
    kind = random.choice(EVENT_TYPES)
    page = random.choice(PAGES)
    record: Record = {
        "_id": make_uuid(random),
        "timestamp": _instant(moment),
        "eventType": kind,
        "identityMap": _identities(random),
        "web": {
            "webPageDetails": {
                "name": page,
                "URL": f"https://www.example.com/{page}?item={random.randrange(10_000)}",
                "pageViews": {"value": 1.0},
            }
        },
    }
    if random.random() < 0.4:
        record["web"]["webReferrer"] = {"URL": "https://search.example.org/"}
    if kind == "commerce.purchases":
        record |= _purchase(random)
    return record


def make_profile(random: Random, moment: datetime) -> Record:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    number = random.randrange(1_000_000)
    return {
        "_id": make_uuid(random),
        "_repo": {"createDate": _instant(moment), "modifyDate": _instant(moment + timedelta(minutes=3))},
        "identityMap": _identities(random) | {"Email": [_identity(f"person{number}@example.com", primary=False)]},
        "person": {"name": {"firstName": first, "lastName": last}, "birthYear": random.randrange(1940, 2008)},
        "personalEmail": {"address": f"person{number}@example.com"},
        "loyalty": {"tier": random.choice(TIERS), "points": random.randrange(50_000)},
        "segments": random.sample(["newsletter", "vip", "churn-risk", "new"], random.randrange(3)),
    }


def _purchase(random: Random) -> Record:
    items: list[Record] = [
        {"SKU": f"SKU-{random.randrange(999):03d}", "quantity": random.randrange(1, 4), "priceTotal": _price(random)}
        for _ in range(random.randrange(1, 4))
    ]
    total = round(sum(item["priceTotal"] for item in items), 2)
    order = {"purchaseID": f"P{random.randrange(10**9):09d}", "priceTotal": total, "currencyCode": "EUR"}
    return {"commerce": {"order": order, "purchases": {"value": 1.0}}, "productListItems": items}


def _price(random: Random) -> float:
    return round(random.uniform(1, 300), 2)


def _identities(random: Random) -> Record:
    return {"ECID": [_identity(f"{random.getrandbits(126):038d}", primary=True)]}


def _identity(value: str, *, primary: bool) -> Record:
    return {"id": value, "authenticatedState": "ambiguous", "primary": primary}


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
