"""What is chosen, and the document that carries it, says it in words, and knows what it was made from."""
