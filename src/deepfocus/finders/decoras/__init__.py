"""`decoras`: an autoencoder's image of the sky, and the blobs in it (Rezaei et al. 2022)."""
