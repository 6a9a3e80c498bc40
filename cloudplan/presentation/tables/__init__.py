"""What each presentation shows, as values: the tables of plans, catalogues, price books and requotes."""
