"""The bundled demo: a small shop whose programs know nothing of the mesh.

They listen where `--port` says and call the addresses their environment names (`REVIEWS_ADDR`), as any
twelve-factor program does. `manifests` places them in a mesh; httpbin and Redis were written by others.
"""
