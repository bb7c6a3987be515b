"""What is written down about requests: the audit log, metrics, and when a key was last used."""
