"""Clusters and hosts of a site: start with `search`, which says what is used when."""
