"""What the HubSpot sandbox promises, asked over a socket through the unchanged client."""
