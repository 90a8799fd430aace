"""Finders: from a cube to a catalogue, each behind the same door (`finder`)."""
