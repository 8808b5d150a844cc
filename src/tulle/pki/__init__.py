"""Certificates as values: authorities, CSR policy, leaves, bundles, tokens. Time and randomness come in as arguments."""
