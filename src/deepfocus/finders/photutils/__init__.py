"""`photutils`: segments of images above a threshold, deblended."""
