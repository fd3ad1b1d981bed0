"""What the Salesforce sandbox promises, asked over a socket through the unchanged client."""
