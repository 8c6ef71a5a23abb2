"""The Beam transforms, with a file for each; other packages do the work on single values."""
