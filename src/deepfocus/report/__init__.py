"""Figures made from results; nothing is computed here that a table should say."""
