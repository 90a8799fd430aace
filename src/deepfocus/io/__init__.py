"""Files in and out: FITS cubes to `Cube` and back, catalogues in four formats. No processing."""
