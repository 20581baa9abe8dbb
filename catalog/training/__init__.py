"""Fit the music affect model that ships."""
