"""`hotlead up` and `hotlead work` as processes: what they hold together, how they begin, end, and take orders."""
