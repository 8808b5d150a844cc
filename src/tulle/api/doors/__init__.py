"""Where the API is reached: sockets, and who may pass. What is asked for is no business of theirs."""
