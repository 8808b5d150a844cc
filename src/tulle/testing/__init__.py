"""Fakes and builders for tests: an ADS client that plays Envoy, worlds for properties, meshes of processes."""
