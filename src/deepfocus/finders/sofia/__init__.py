"""`sofia`: the program SoFiA-2, run on a copy of the cube; its catalogue with our columns."""
