"""A HubSpot portal on this machine: a local server of HubSpot's documented API, for demos and tests. See README.md."""
