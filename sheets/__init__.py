"""Spreadsheet files as rows: whatever a community's computers make of them.

Loads fast and knows nothing of the program, so that a long sheet can be read in a process of its own.
"""
