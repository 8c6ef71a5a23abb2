"""The Beam transforms, one a file: PCollections go in and come out.

What is done to a value stands in other packages.
"""
