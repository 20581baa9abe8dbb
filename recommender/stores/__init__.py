"""Stores of embeddings that can take the place of the index file, such as a server that several machines share."""
