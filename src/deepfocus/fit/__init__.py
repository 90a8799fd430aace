"""The likelihood of components in a patch of a cube, its solver, and what it can tell."""
