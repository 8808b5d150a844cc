"""The agent's DNS: hears the program's questions, answers those of the mesh, asks others for the rest."""
