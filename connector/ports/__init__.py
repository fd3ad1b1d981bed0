"""What the product asks of the world: Protocols, the values that cross them, and their errors."""
