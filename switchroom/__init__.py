"""The server: command line, composition root, bus, web frame, live demo."""
