"""Schemas of the kinds in the two dialects Kubernetes speaks: OpenAPI v3 documents and CustomResourceDefinitions.

Both are derived from the JSON Schema of the kind's class (`codec.schemas`), which stays the only definition.
"""
