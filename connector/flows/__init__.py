"""Use cases, a verb a file. A flow is given the ports it needs by name and knows no CRM and no database."""
