"""Seed and settings in, cube and truth out: the sky observed with the telescope."""
