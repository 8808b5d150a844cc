"""The memory of the control plane: resources at revisions, changes as transactions, tokens hashed."""
