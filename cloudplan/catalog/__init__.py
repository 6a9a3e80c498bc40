"""The provider's catalogue: what an edition says, and where editions are."""
