"""Recognize emotion in speech; knows no track and no listener."""
