"""The cheapest plans of several phases together, tied by what was bought before. Start with `choose`."""
