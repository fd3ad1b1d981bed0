"""What is special to Salesforce, asked of its adapter over a socket to the sandbox."""
