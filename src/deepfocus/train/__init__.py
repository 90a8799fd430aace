"""One training loop, the recipes, and the export of weights."""
