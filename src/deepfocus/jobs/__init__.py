"""Where work runs: workers here or on a cluster, claims of output folders, progress, resuming."""
