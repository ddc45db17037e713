"""Software that plays the outside world on loopback: a PBX that speaks AMI, for the demo, tests and benchmarks."""
