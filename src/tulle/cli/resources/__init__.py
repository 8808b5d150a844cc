"""Commands that write and read resources on a server, and let workloads join."""
