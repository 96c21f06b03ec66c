"""What replicas share: counts, strikes, judgements and news; in memory, or in Redis with memory behind it."""
