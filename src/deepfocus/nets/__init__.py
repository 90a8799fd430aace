"""Torch modules, each under its frozen config, and the losses they learn with.

Nothing here knows a path, a unit or a training loop.
"""
