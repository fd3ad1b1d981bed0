"""The pull and write-back benchmarks: each sandbox a process of its own, each measured step another."""
