"""Measure recommendations offline."""
