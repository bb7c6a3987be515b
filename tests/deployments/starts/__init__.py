"""Every way to start Open WebUI."""
