"""Turn an audio file into features, affect and an embedding."""
