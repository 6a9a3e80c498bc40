"""Inventories in: RVTools, Live Optics and plain lists become a workload, and a ledger of every row.

Start with `importing`, which is the whole walk.
"""
