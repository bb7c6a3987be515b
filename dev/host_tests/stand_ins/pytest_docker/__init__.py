"""Stands in for the package of this name, for the host's own tests."""
