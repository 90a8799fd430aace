"""Reads and writes files: FITS cubes and catalogues in four formats. No processing."""
