"""The sandbox CRMs' common ground: a believable company, the server both CRMs stand on, and the test control."""
