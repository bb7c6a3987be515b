"""Where the host's tests look for their PostgreSQL."""


def get_docker_ip() -> str:
    """Return the address that the stand-in of docker listens on."""
    return "127.0.0.1"
