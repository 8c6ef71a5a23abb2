"""Programs to run from a checkout: `python -m pipelines.crush`, `python -m pipelines.restore`."""
