"""Joins expected run × export folder × flow run into one verdict and its findings.

Pure functions of their inputs and of a clock that is passed in: no input, no output, no `now()`.
"""
