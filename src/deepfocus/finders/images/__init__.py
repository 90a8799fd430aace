"""What finders of sources in images share: which images, and the line of each source seen there."""
