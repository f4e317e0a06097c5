"""`report`: what the history says of one build, as a document to file, as a table, or as JSON for programs."""
