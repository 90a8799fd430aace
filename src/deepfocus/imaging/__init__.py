"""Measurement sets -> dirty cubes, with a script that makes them in CASA; CLEAN of dirty cubes."""
