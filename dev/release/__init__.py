"""Building, checking and trying what is published."""
