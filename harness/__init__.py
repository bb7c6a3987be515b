"""Starts the real host, with and without the extension: for the demo, tests and benchmarks."""
