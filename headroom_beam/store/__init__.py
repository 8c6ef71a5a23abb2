"""Stores originals in packs, and looks them up by hash. Every original that it gives has been verified."""
