"""Records of requests: metrics, when a key was last used, and warnings of keys that end."""
