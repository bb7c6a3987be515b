"""What takes the place of a function of the host: one module for each."""
