"""Rank tracks for a mood; knows no speech."""
