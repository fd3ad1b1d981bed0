"""SOQL: text to tree (`grammar`), tree to SQL (`compile`), SQL to records (`answers`)."""
