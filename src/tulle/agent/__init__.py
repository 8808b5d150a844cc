"""Beside each Envoy: identity, bootstrap, supervision, the ADS relay and its cache, health, draining."""
