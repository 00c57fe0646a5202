"""Telling people: what is told to whom, in which words, through which channel."""
