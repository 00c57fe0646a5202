"""Which due times an incident ever held: when each joined, and when it left."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from auditor.incident_model import Member
from auditor.ledger.database import Database
from auditor.ledger.service_schema import incident_members
from auditor.ledger.sql import chunks

__all__ = ["MemberRecords", "Membership"]


@dataclass(frozen=True, slots=True)
class Membership:
    """One member of one incident."""

    number: int  # of the incident
    member: Member
    joined_at: datetime
    left_at: datetime | None  # None: in it now


class MemberRecords(Database):
    """The members of incidents, those that left included."""

    def memberships(self, numbers: Collection[int]) -> list[Membership]:
        """All that incidents of these numbers ever held, by number and in the order of joining."""
        c = incident_members.c
        query = select(c.number, c.due, c.key, c.joined_at, c.left_at)
        with self._reading() as connection:
            rows = [row for some in chunks(numbers) for row in connection.execute(query.where(c.number.in_(some)))]
        found = [Membership(row.number, Member(row.due, row.key), row.joined_at, row.left_at) for row in rows]
        return sorted(found, key=lambda one: (one.number, one.joined_at, str(one.member.due), one.member.key))
