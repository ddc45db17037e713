"""The words every room shares: facts, numbers, rights, problems. Imports nothing of ours."""
