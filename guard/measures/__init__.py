"""What `headgate eval` computes from labels and scores: one measure a file, no I/O."""
