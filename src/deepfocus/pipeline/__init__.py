"""The stages of the paper's section 4.4 and their composition."""
