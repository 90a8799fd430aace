"""Measurement set -> dirty cube, here or by a script for CASA."""
