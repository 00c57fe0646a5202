"""What the auditor remembers. The only room that speaks SQL."""

from auditor.ledger.errors import LedgerError
from auditor.ledger.folders import FolderHistory
from auditor.ledger.incident_members import Membership
from auditor.ledger.ledger import Ledger
from auditor.ledger.listings import KeptListing
from auditor.ledger.verdicts import VerdictRecord

__all__ = ["FolderHistory", "KeptListing", "Ledger", "LedgerError", "Membership", "VerdictRecord"]
