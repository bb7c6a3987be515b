"""What the settings mean on the host that runs: whom it believes, and what a list reaches."""
