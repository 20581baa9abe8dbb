"""Compose and render the demo library."""
