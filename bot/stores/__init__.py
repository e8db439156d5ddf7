"""Where we remember: one store on any tables, kept in memory or in a file."""
