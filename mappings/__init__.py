"""The documents an admin edits: field mappings, scoring models, stage ladders; checked, compiled, and their packaged defaults."""
