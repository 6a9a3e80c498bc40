"""The price book: what one unit costs a month."""
