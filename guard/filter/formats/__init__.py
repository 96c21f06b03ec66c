"""One module a family of files: how rows are read, and written back beside their verdicts."""
