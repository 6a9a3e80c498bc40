"""What the customer wants: read, completed with defaults, and as the case that every later step works on."""
