"""`make host-suite` on a small suite of the shape of the real one. It runs at night."""
