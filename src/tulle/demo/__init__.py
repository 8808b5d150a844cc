"""The bundled demo: its manifests and the small programs it runs. They know nothing of the mesh."""
