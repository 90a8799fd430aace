"""A cube's own response: its beams, a source in its dirty image, its noise."""
