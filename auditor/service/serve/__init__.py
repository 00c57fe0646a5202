"""The service: which work there is, when it is due, who does it, and how it is begun and ended."""
