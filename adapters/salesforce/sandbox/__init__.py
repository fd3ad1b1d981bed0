"""A local Salesforce: the REST API with real state, for the demo, the tests and anybody's client. See README.md."""
