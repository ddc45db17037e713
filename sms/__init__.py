"""SMS gateways, mailings and orders by text."""
