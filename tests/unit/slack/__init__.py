"""What people type and read: commands through a conversation, messages by example."""
