"""The HTTP door: resources as the Kubernetes API shapes them, and what the command line asks."""
