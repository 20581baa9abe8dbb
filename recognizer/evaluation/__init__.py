"""Measure recognizers on unseen speakers."""
