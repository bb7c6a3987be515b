"""The commands of a developer: `make help` names them."""
