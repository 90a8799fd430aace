"""Seed and settings in, cube and truth out: compositions of the sky and the telescope."""
