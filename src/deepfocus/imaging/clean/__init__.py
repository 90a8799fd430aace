"""CLEAN: dirty cube -> components, what they leave, and both together as a restored image."""
