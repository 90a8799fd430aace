"""Pure array functions of the paper's sections 3 and 4.4, shared by training and inference."""
