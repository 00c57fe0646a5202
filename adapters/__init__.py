"""Destinations, one module each. Knows keys, sizes, times, bytes and errors; imports nothing of `auditor`."""
