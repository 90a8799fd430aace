"""Scores of any catalogue against the truth, and the benchmark that runs them over many cubes."""
