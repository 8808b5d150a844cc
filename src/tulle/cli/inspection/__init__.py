"""Commands that say what happens in a mesh and why, from a server or from manifests alone."""
