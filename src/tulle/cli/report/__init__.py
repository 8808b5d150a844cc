"""`tulle bug-report`: what helps somebody else to find a fault, in one file, without a secret in it."""
