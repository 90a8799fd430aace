"""The steps of the paper's section 4.4, of which `slim` and `paper` are composed."""
