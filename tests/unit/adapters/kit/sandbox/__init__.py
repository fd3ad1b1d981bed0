"""Unit tests of the ground both sandbox CRMs stand on."""
