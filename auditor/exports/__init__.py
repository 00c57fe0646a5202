"""Setting dataset exports up in Experience Platform: the only part of the product that can write, off by default.

`plan_exports` looks what is there and says what would be sent; `apply_exports` sends it. Nothing but the command
`export-auditor exports` may import this package.
"""

from auditor.exports.applying import Outcome, apply_exports, open_writing
from auditor.exports.planning import FlowPlan, list_declared, plan_exports
from auditor.exports.sandbox import Sandbox
from auditor.exports.steps import Kind, Ref

__all__ = [
    "FlowPlan",
    "Kind",
    "Outcome",
    "Ref",
    "Sandbox",
    "apply_exports",
    "list_declared",
    "open_writing",
    "plan_exports",
]
