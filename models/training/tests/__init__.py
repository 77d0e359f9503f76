"""Run by `make models` before anything is trained."""
