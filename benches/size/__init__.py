"""Real servers with few people and with very many, side by side."""
