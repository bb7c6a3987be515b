"""What clients do that others wrote."""
