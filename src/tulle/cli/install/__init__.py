"""`tulle install host` and `tulle uninstall host`: Tulle as services of a machine, and the machine as it was before."""
