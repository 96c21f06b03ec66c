"""What do we do about it? The loop, the stream gate, and the three ways in."""
