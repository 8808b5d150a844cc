"""`tulle dns`: names of the mesh."""
