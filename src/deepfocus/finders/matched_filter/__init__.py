"""`matched_filter`: the classic search of ALMA's blind line surveys."""
