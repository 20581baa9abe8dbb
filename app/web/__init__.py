"""The listener's pages: a blueprint per page."""
