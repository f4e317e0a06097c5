"""The latest verdicts, as they come: one reader of the stream, a window in memory, server-sent events."""
