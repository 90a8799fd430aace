"""The shipped weights, each with its card, and the sessions that run them without torch."""
