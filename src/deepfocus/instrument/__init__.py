"""The telescope: antennas, uv tracks, dirty beam, primary beam, imaging and noise."""
