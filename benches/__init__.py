"""Measurements, with both sides in the same run."""
