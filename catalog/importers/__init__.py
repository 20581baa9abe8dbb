"""Bring tracks in, one module a source."""
