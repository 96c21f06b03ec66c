"""What is in it? Content, taxonomy, classifiers and the runtimes that carry them."""
