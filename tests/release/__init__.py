"""What is published, and under which version."""
