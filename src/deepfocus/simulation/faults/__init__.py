"""What is wrong with real data: each fault of a cube is a part, and is left out by default."""
