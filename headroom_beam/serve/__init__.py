"""Retrieval over HTTP: requests with hashes go in, originals as JSON come out."""
