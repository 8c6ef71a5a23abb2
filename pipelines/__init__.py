"""Programs to run from a checkout, such as `python -m pipelines.crush`."""
