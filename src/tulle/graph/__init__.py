"""World → MeshGraph → View: every reference resolved, every decision with its origin. Pure.

`compile.compile_mesh` is the table of contents; `mesh` holds the values it makes; `views.view_of` cuts out
what one proxy needs; `explain` answers why. Knows nothing of Envoy.
"""
