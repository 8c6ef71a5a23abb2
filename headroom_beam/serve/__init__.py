"""Serves the originals of a store over HTTP, as JSON."""
