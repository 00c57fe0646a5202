"""What the product writes down of its own work, and what never stands in it. A leaf that every room may use.

`set_up_logs` (in `auditor.logs.setup`) is for whoever runs a long-lived process; `redact` and `register_secrets` need
no more than the standard library.
"""

from auditor.logs.redaction import redact, register_secrets

__all__ = ["redact", "register_secrets"]
