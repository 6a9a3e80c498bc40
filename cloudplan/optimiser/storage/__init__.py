"""The datastores and replication mechanisms of all sites.

Start with `search`.
"""
