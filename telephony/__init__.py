"""Asterisk: the AMI link, the call tracker, presence, queues and call actions."""
