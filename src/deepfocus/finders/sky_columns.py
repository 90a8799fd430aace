"""What a finder, of this package or another, takes from `core.sky_columns`."""

from deepfocus.core.sky_columns import with_sky_columns, with_sky_shapes, with_sky_units

__all__ = ["with_sky_columns", "with_sky_shapes", "with_sky_units"]
