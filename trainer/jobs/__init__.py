"""Training as a job: a queue, a process that takes from it, and what can be seen of both in Redis."""
