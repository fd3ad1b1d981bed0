"""Benchmarks of what stays up: servers, senders and what they cost, each a process of its own."""
