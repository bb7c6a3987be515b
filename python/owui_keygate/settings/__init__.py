"""What the settings mean on the running host: which proxies it trusts, what a list reaches."""
