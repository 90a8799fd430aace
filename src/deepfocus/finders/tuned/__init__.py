"""Settings of finders as tuned on validation cubes (docs/peers.md), for `--finder FILE`."""
