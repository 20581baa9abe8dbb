"""Deliver EmotiTune: web page, admin, queue and terminal over the same services."""
