"""The replacements of the host's functions, one module for each."""
