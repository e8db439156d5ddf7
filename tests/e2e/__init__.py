"""The real process, over real HTTP and sockets, on loopback."""
