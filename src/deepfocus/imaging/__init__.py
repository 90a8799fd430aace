"""Makes a dirty cube from a measurement set, here or with a script for CASA."""
