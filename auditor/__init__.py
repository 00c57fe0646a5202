"""The export auditor: did each dataset export arrive, is it whole, can it be read back?"""

__version__ = "0.1.0"
