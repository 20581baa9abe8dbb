"""Long work on the queue; each job calls a service."""
