"""Use cases: plain values in and out, no HTTP and no terminal."""
