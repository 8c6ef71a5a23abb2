"""Write-once objects under a root, in a local directory or in a bucket: the only place that reads and writes storage."""
