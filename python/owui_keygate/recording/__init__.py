"""Records of requests: the audit log, metrics, and when a key was last used."""
