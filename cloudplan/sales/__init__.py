"""From a plan to a contract: the terms, the quote, the console orders and service requests.

Start with `quote`.
"""
