"""Fit what ranks tracks for a mood; the only part of the recommender that imports torch."""
