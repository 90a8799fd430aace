"""Running jobs: local or cluster workers, claims on output folders, progress, resuming."""
