"""Pure arithmetic about leads: values in, values out. No I/O, no clock, no chance; NumPy is the only guest."""
