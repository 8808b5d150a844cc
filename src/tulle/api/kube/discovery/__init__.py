"""What the API tells of itself: groups, kinds, verbs, schemas, and what its caller may do.

Nothing here is written down twice: kinds come from the model, verbs from the routes there are.
"""
