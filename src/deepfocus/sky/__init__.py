"""The sky before the telescope: components, their spectra, and the populations they come from."""
