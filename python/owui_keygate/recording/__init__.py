"""Records of requests: metrics, and when a key was last used."""
