"""`blobcat`: BLOBCAT's flood-filled blobs, their peaks and fluxes without bias, and their lines."""
