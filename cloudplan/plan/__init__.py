"""What is chosen: the document that carries it, what it was made from, how it is said in words.

Start with `plan`.
"""
