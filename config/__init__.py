"""Settings and the files an administrator copies beside them."""
