"""Figures of results; numbers that belong in a table are computed elsewhere."""
