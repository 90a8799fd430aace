"""`flood_fill`: islands of the integrated image, as BLOBCAT finds them."""
