"""What is special to HubSpot, asked of its adapter over a socket to the sandbox."""
