"""What the customer wants: typed, read and completed with defaults, and as the case that every later step works on.

Start with `workload`, then `reading` and `case`.
"""
