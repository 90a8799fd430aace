"""`pybdsf`: Gaussians fitted to islands of images, grouped into sources."""
