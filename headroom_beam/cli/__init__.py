"""The command line, one command a file: arguments go in, standard output and an exit code come out."""
