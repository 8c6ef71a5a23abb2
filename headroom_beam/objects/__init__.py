"""Write-once objects under a root, a local directory or a bucket: names and bytes go in and come out."""
