"""Open WebUI behind proxies."""
