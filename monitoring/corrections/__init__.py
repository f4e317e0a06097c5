"""What people draw over verdicts, in the database and as files that the trainer reads; see docs/corrections.md."""
