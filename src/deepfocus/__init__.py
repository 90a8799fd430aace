"""DeepFocus: find and measure line emitters in dirty ALMA cubes.

Two nouns flow through everything: `deepfocus.core.cube.Cube` and
`deepfocus.core.catalogue.Catalogue`. Importing the package imports nothing heavy.
"""

__version__ = "0.1.0"
