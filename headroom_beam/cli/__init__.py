"""The command line, one command a file: arguments go in, data on standard output and an exit code come out."""
