"""Salesforce's change events over its Pub/Sub API: an extra (`pubsub`), imported only where a connection's settings ask for it."""
