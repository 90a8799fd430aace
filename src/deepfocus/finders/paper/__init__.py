"""`paper`: section 4.4 and Figure 14 of Delli Veneri et al. (2023) as printed, and nothing else."""
