"""The cheapest plan and its proof."""
