"""Crush LLM tool traces on Apache Beam; every byte comes back."""
