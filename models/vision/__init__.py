"""What is seen in an image: decoded safely, its text found and read."""
