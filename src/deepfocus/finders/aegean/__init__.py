"""`aegean`: Gaussians fitted to the summits of islands of images."""
