"""One dialect per family of files: a client's request in, an answer or a refusal out."""
