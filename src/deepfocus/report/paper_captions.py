"""What each figure of the paper shows, in our words after its caption and section 5."""

from __future__ import annotations

CAPTIONS = {
    "2": "Figure 2 of the paper shows four histograms of its simulated sources: signal-to-noise "
    "(Eq 17), brightness summed over the dirty voxels of the box, mean continuum brightness, and "
    "projection angle.",
    "3": "Figure 3 of the paper shows histograms of the FWHMs of its sources along x, y and z, and "
    "a scatter plot of their uniform positions in the image.",
    "10-12": "Figures 10 to 12 of the paper show one cube of six sources, two of them blended: the "
    "integrated dirty cube that enters Blobs Finder with the true boxes in green, the sky model "
    "that it should give with true (green) and predicted (red) boxes and centres, and its map of "
    "probability with the predicted boxes.",
    "13": "Figure 13 of the paper shows the dirty spectrum in the box of two blended sources, what "
    "Deep GRU makes of it, and the true and predicted ranges of emission. A second, fainter peak "
    "has the source flagged for deblending.",
    "15": "Figure 15 of the paper shows an integrated dirty cube with the boxes of Blobs Finder in "
    "different colours and the Global SNR of each, beside the six spectrally focused images with "
    "theirs, which are higher.",
    "16": "Figure 16 of the paper shows the flux densities of the sources that its pipeline, "
    "Blobs Finder and DECORAS detect (left), and cumulative histograms of their blendness "
    "(right), beside those of the whole test set. The pipeline goes down to 1.31 mJy/beam and up "
    "to a blendness of 0.66, the highest simulated; Blobs Finder to 0.232, DECORAS to 0.021.",
    "18-19": "Figures 18 and 19 of the paper show more cubes of its test set: integrated dirty "
    "cube, sky model and probability of Blobs Finder below each other, true boxes in green, "
    "predicted ones in red.",
    "20": "Figure 20 of the paper shows measured against true values of each parameter, with the "
    "bisector in red, and histograms of the residuals. Angles fail near 0 and 90 degrees, where "
    "round sources are; the brightest fluxes are off most.",
    "21": "Figure 21 of the paper shows the signal-to-noise of sources against the relative error "
    "of their flux, with the standard deviation in sections of signal-to-noise. It halves above "
    "10.",
    "22": "Figure 22 of the paper shows the absolute error of the projection angle against the "
    "eccentricity FWHM_x / FWHM_y. Of sources off by more than 10%, 47.4% are nearly round and "
    "43.7% have less than 30 mJy/beam.",
}
"""By the number of the figure."""
