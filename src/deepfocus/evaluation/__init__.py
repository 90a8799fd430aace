"""Scores of any catalogue against the truth, and benchmarks of finders over many cubes."""
