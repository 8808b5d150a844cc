"""The line to the control plane: certificates, the session, configuration; opened again whenever it breaks."""
