"""From what an audit saw to what people are told about: incidents open, go on and close. Pure."""

from auditor.incidents.changes import Changes, Expecting, Known
from auditor.incidents.engine import update_incidents

__all__ = ["Changes", "Expecting", "Known", "update_incidents"]
