"""The provider's catalogue: what an edition says, where editions are, how a new one begins.

Start with `edition`.
"""
