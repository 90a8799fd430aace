"""The steps of the paper's section 4.4, from which `slim` and `paper` are built."""
