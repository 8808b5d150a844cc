"""The gRPC door: delta ADS, joining, renewing, sessions with agents."""
