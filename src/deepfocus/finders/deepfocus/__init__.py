"""The finder `deepfocus`: search, fit, group, judge."""
