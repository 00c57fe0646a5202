"""The version of the verifier's rules."""

VERSION = "1"
"""Grows whenever a rule of verification changes what is said of the same bytes: older checks are then read again."""
