"""Poolers, failovers, and databases that can be read only in part."""
