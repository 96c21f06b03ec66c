"""Looks for words, expressions, personal data and likenesses in texts; knows nothing of actions."""
