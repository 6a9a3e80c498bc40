"""What a choice comes to under the rules: its bill of materials, its verdict, its findings, how full it is.

Start with `verify`.
"""
