"""`lineseeker`: the search of ASPECS, Gaussian kernels in frequency and fidelity by their width."""
