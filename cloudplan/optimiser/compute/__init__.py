"""The clusters and hosts of a site.

Start with `search`, which says what is used when.
"""
