"""The cheapest plan and its proof.

Start with `optimise`; compute and storage are solved apart, in a package each.
"""
