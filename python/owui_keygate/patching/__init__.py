"""Puts replacements in the place of the host's functions, and takes them out again."""
