"""Datastores and replication mechanisms of all sites: start with `lun_ilp`."""
