"""The curator's pages, for administrators alone."""
