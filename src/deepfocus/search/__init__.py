"""Where a cube stands out of its noise: noise, filters, false alarms, peaks, groups of peaks."""
