"""One loader a speech corpus."""
