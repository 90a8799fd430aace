"""The two nouns (`Cube`, `Catalogue`), the `Grid` they live on, settings and errors."""
