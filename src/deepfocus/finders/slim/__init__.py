"""`slim`: the paper's decision graph with small networks, and rules that compare blobs."""
