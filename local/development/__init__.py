"""The commands of dev.py. Standard library only: they also run before anything is installed."""
