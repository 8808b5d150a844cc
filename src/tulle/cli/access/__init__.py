"""`tulle kubeconfig`: gives other programs what they need to speak to the server."""
