"""PDFs: cleaned, and their first page made a picture, in a process that can do nothing else."""
