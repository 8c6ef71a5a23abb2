"""Programs that run the transforms: `python -m pipelines.crush`, `python -m pipelines.restore`."""
