"""Fax sending, receiving and documents."""
