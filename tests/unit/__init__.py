"""Rules, handlers and messages: no socket, no sleep."""
